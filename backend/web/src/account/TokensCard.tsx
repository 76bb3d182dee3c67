import { useState } from 'react'

import { CopyButton } from '../CopyButton'
import { told } from '../http'
import { day } from '../table/format'
import { makeToken, revokeToken, tokens } from './api'
import { Card, Done, Unready } from './Card'
import { Field } from './Field'
import { Complaint, SubmitLine } from './SubmitLine'
import type { NewApiToken } from './types'
import { useLoaded } from './useLoaded'
import { useSubmit } from './useSubmit'
import { moment } from './words'

const LIFETIMES: [string, number | null][] = [
  ['30일', 30],
  ['90일', 90],
  ['1년', 365],
  ['기한 없음', null],
]

/** Tokens with which programs ask in the person's name. */
export function TokensCard() {
  const [loaded, reload] = useLoaded(tokens)
  const [name, setName] = useState('')
  const [lifetime, setLifetime] = useState(1)
  const [made, setMade] = useState<NewApiToken | null>(null)
  const [asked, setAsked] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [done, setDone] = useState<string | null>(null)
  const making = useSubmit(async () => {
    setDone(null)
    setMade(await makeToken(name.trim(), LIFETIMES[lifetime]?.[1] ?? null))
    setName('')
    await reload()
  })
  const revoke = async (id: string, called: string) => {
    setProblem(null)
    try {
      await revokeToken(id)
      if (made?.id === id) setMade(null)
      await reload()
      setDone(`‘${called}’ 토큰을 없앴습니다.`)
    } catch (error) {
      setProblem(told(error))
    }
    setAsked(null)
  }
  const items = loaded.state === 'ready' ? loaded.value : []

  return (
    <Card
      id="tokens" title="API 토큰"
      lead={
        <>
          프로그램이나 AI 도구가 나를 대신해 묻고 알림을 읽을 때 <code>Authorization: Bearer</code>로 보내는 열쇠입니다. 비밀번호 변경이나 계정 삭제는 할 수
          없습니다.
        </>
      }
    >
      <Unready of={loaded} onRetry={() => void reload()} />
      <ul className="account-list">
        {items.map(({ id, name: called, created_at, used_at, expires_at }) => (
          <li key={id}>
            <span className="account-item">
              <span>{called}</span>
              <span className="account-item-note" title={`만든 때: ${moment(created_at)}`}>
                {used_at ? `마지막 사용 ${day(used_at)}` : '아직 쓰지 않음'} · {expires_at ? `${moment(expires_at)}까지` : '기한 없음'}
              </span>
            </span>
            {asked === id ? (
              <span className="account-sure">
                <button type="button" className="button small danger" autoFocus onClick={() => void revoke(id, called)}>
                  없애기
                </button>
                <button type="button" className="button small" onClick={() => setAsked(null)}>
                  그만두기
                </button>
              </span>
            ) : (
              <button type="button" className="button small danger" aria-label={`${called} 토큰 없애기`} onClick={() => setAsked(id)}>
                없애기
              </button>
            )}
          </li>
        ))}
      </ul>
      {made && (
        <div className="token-made" role="status">
          <p>
            <strong>지금 한 번만 보여 드립니다.</strong> 복사해서 안전한 곳에 두세요.
          </p>
          <p className="token-line">
            <code>{made.token}</code>
            <CopyButton text={() => made.token} label="토큰 복사" />
          </p>
        </div>
      )}
      <form className="account-row" onSubmit={making.submit}>
        <Field label="새 토큰의 이름" name="token-name" autoComplete="off" maxLength={60} placeholder="예: 내 노트북" value={name} onValue={setName} />
        <div className="account-field narrow">
          <label htmlFor="token-lifetime">기한</label>
          <select id="token-lifetime" className="field" value={lifetime} onChange={(event) => setLifetime(Number(event.target.value))}>
            {LIFETIMES.map(([label], index) => (
              <option key={label} value={index}>
                {label}
              </option>
            ))}
          </select>
        </div>
        <SubmitLine of={making} label="토큰 만들기" busyLabel="만드는 중…" tone="" disabled={!name.trim()} />
      </form>
      <Complaint of={making} />
      {problem && <p className="account-complaint" role="alert">{problem}</p>}
      <Done>{done}</Done>
    </Card>
  )
}
