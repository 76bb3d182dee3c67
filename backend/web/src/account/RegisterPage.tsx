import { useEffect, useRef, useState } from 'react'

import { Problem, request } from '../http'
import { signIn } from './api'
import { Field, PasswordField } from './Field'
import { Frame } from './Frame'
import { signInAddress, wantedPath } from './next'
import { useSession } from './session'
import { emailError, passwordError } from './strength'
import { StrengthMeter } from './StrengthMeter'
import { Complaint, SubmitLine } from './SubmitLine'
import { useSubmit } from './useSubmit'

const TAKEN = 'taken'

/** /register: makes an account and signs in with it. */
export function RegisterPage() {
  const { person, registration } = useSession()
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [errors, setErrors] = useState<{ email: string | null; password: string | null }>({ email: null, password: null })
  const emailLine = useRef<HTMLInputElement>(null)
  const passwordLine = useRef<HTMLInputElement>(null)
  const sending = useSubmit(() => register(email.trim(), password, name.trim()))
  const { problem } = sending
  const refused = fieldOf(problem)

  useEffect(() => {
    if (person) location.replace(wantedPath())
  }, [person])
  useEffect(() => {
    if (refused === 'email') emailLine.current?.focus()
    if (refused === 'password') passwordLine.current?.focus()
  }, [refused, problem])

  if (registration === 'closed' || problem?.status === 403) return <Closed />

  const check = () => {
    const found = { email: emailError(email), password: passwordError(password) }
    setErrors(found)
    if (found.email) emailLine.current?.focus()
    else if (found.password) passwordLine.current?.focus()
    return !found.email && !found.password
  }
  const typed = (put: (value: string) => void, corrected: Partial<typeof errors>) => (value: string) => {
    put(value)
    setErrors({ ...errors, ...corrected })
    if (refused) sending.forget()
  }

  return (
    <Frame title="회원 가입">
      <form
        className="sign-in" method="post" noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (check()) sending.submit()
        }}
      >
        <h2>회원 가입</h2>
        <p className="sign-in-lead">계정이 있으면 관심 ETF를 담아 두고 구성이 바뀔 때 알림을 받습니다. 질문은 계정 없이도 할 수 있습니다.</p>
        <Complaint of={sending} hidden={refused !== null || problem?.slug === TAKEN} />
        {problem?.slug === TAKEN && (
          <p className="account-complaint" role="alert">
            {problem.message} <a href={signInAddress()}>로그인 화면으로</a>
          </p>
        )}
        <Field
          label="이메일" name="email" type="email" inputMode="email" autoComplete="username" autoCapitalize="none" spellCheck={false}
          autoFocus value={email} onValue={typed(setEmail, { email: null })} ref={emailLine}
          error={errors.email ?? (problem && refused === 'email' ? refusal(problem, '이메일 주소의 형식이 올바르지 않습니다.') : null)}
        />
        <PasswordField
          label="비밀번호" name="password" autoComplete="new-password" value={password} onValue={typed(setPassword, { password: null })} ref={passwordLine}
          error={errors.password ?? (problem && refused === 'password' ? refusal(problem, '이 비밀번호는 쓸 수 없습니다.') : null)}
          hint={<StrengthMeter password={password} own={[email, name]} />}
        />
        <Field
          label="이름 (선택)" name="name" autoComplete="nickname" maxLength={60} value={name} onValue={setName}
          hint="화면에서 부를 이름입니다. 다른 사람에게는 보이지 않습니다."
        />
        <SubmitLine of={sending} label="가입하고 시작하기" busyLabel="계정을 만드는 중…" />
        <p className="sign-in-other">
          이미 계정이 있나요? <a href={signInAddress()}>로그인</a>
        </p>
      </form>
    </Frame>
  )
}

async function register(email: string, password: string, name: string): Promise<void> {
  await request('/api/auth/register', { method: 'POST', body: { email, password, name } })
  try {
    await signIn(email, password)
  } catch (error) {
    if (!(error instanceof Problem && error.slug === 'wrong-credentials')) throw error
    // The server tells nobody whether an address has an account; whoever has one finds it by signing in.
    const message = '이 비밀번호로는 로그인할 수 없었습니다. 이 이메일로 만든 계정이 이미 있다면 그 비밀번호로 로그인해 주세요.'
    throw new Problem(message, error.status, { cause: error }, null, TAKEN)
  }
}

/** Which field the server would not take. */
function fieldOf(problem: Problem | null): 'email' | 'password' | null {
  if (problem?.slug === 'refused-password') return 'password'
  if (problem?.status !== 422) return null
  return /이메일|body\.email/.test(problem.message) ? 'email' : /body\.password/.test(problem.message) ? 'password' : null
}

/** Why the server would not take a field; where its form was wrong, in words of the page. */
function refusal({ message }: Problem, sentence: string): string {
  return message.includes('body.') ? sentence : message
}

function Closed() {
  return (
    <Frame title="회원 가입">
      <section className="sign-in">
        <h2>지금은 가입을 받지 않습니다</h2>
        <p className="sign-in-lead">
          이 서버는 운영자가 계정을 만들어 드립니다. 알림이 필요하면 운영자에게 계정을 부탁해 주세요. 질문과 ETF 보기는 계정 없이도 그대로 쓸 수 있습니다.
        </p>
        <p className="submit-line">
          <a className="button primary" href="/">
            질문하러 가기
          </a>
          <a className="button" href={signInAddress()}>
            로그인
          </a>
        </p>
      </section>
    </Frame>
  )
}
