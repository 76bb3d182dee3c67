import { useEffect, useRef, useState } from 'react'

import { signIn } from './api'
import { Field, PasswordField } from './Field'
import { Frame } from './Frame'
import { registerAddress, wantedPath } from './next'
import { useSession } from './session'
import { emailError } from './strength'
import { Complaint, SubmitLine } from './SubmitLine'
import { useSubmit } from './useSubmit'

/** /login: e-mail and password, and on to where the person wanted to go. */
export function SignInPage() {
  const { person, registration } = useSession()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [errors, setErrors] = useState<{ email: string | null; password: string | null }>({ email: null, password: null })
  const emailLine = useRef<HTMLInputElement>(null)
  const passwordLine = useRef<HTMLInputElement>(null)
  const sending = useSubmit(() => signIn(email.trim(), password).then(() => undefined))
  const wrong = sending.problem?.slug === 'wrong-credentials'

  useEffect(() => {
    if (person) location.replace(wantedPath())
  }, [person])
  useEffect(() => {
    if (wrong) passwordLine.current?.select()
  }, [wrong, sending.problem])

  const check = () => {
    const found = { email: emailError(email), password: password ? null : '비밀번호를 입력해 주세요.' }
    setErrors(found)
    if (found.email) emailLine.current?.focus()
    else if (found.password) passwordLine.current?.focus()
    return !found.email && !found.password
  }

  return (
    <Frame title="로그인">
      <form
        className="sign-in" method="post" noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (check()) sending.submit()
        }}
      >
        <h2>로그인</h2>
        <p className="sign-in-lead">관심 ETF를 담아 두고 바뀐 것을 알림으로 받으려면 계정이 필요합니다. 질문은 계정 없이도 할 수 있습니다.</p>
        <Complaint of={sending} hidden={wrong} />
        <Field
          label="이메일" name="email" type="email" inputMode="email" autoComplete="username" autoCapitalize="none" spellCheck={false}
          autoFocus value={email} error={errors.email} ref={emailLine}
          onValue={(given) => {
            setEmail(given)
            setErrors({ ...errors, email: null })
            // A pause is one account's; whoever mistyped the address need not wait.
            sending.forget()
          }}
        />
        <PasswordField
          label="비밀번호" name="password" autoComplete="current-password" value={password} ref={passwordLine}
          onValue={(given) => {
            setPassword(given)
            setErrors({ ...errors, password: null })
            if (wrong) sending.forget()
          }}
          error={errors.password ?? (wrong ? sending.problem?.message : null)}
        />
        <SubmitLine of={sending} label="로그인" busyLabel="로그인하는 중…" />
        {registration !== 'closed' && (
          <p className="sign-in-other">
            계정이 없나요? <a href={registerAddress()}>회원 가입</a>
          </p>
        )}
      </form>
    </Frame>
  )
}
