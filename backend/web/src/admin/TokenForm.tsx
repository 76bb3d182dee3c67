import { type FormEvent, useState } from 'react'

interface TokenFormProps {
  /** Why the last token was not accepted. */
  refused: string | null
  onToken: (token: string) => void
}

/** The way in for who runs the server, before there is an administrator. */
export function TokenForm({ refused, onToken }: TokenFormProps) {
  const [token, setToken] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    // A header holds printable ASCII only.
    if (/^[\x21-\x7e]+$/.test(token.trim())) onToken(token.trim())
  }
  return (
    <form className="token-form" onSubmit={submit}>
      <p>
        서버가 있는 컴퓨터에서 <code>./atlas admin token</code>을 실행하면 나오는 글자를 붙여 넣으세요. 이 탭을 닫을 때까지만 기억합니다.
      </p>
      {refused && <p className="complaint" role="alert">{refused}</p>}
      <label htmlFor="token">관리자 토큰</label>
      <input
        id="token" className="field" type="password" autoComplete="off" value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <button type="submit" className="button" disabled={!token.trim()}>
        들어가기
      </button>
    </form>
  )
}
