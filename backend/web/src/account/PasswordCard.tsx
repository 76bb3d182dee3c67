import { useState } from 'react'

import { changePassword } from './api'
import { Card, Done } from './Card'
import { PasswordField } from './Field'
import { passwordError } from './strength'
import { StrengthMeter } from './StrengthMeter'
import { Complaint, SubmitLine } from './SubmitLine'
import type { Me } from './types'
import { useSubmit } from './useSubmit'

/** Changes the password, and signs out every other device with it. */
export function PasswordCard({ person }: { person: Me }) {
  const [current, setCurrent] = useState('')
  const [chosen, setChosen] = useState('')
  const [errors, setErrors] = useState<{ current: string | null; chosen: string | null }>({ current: null, chosen: null })
  const [done, setDone] = useState(false)
  const saving = useSubmit(async () => {
    await changePassword(current, chosen)
    setCurrent('')
    setChosen('')
    setDone(true)
  })
  const wrong = saving.problem?.slug === 'wrong-credentials'
  const weak = saving.problem?.slug === 'refused-password'
  const typed = (put: (value: string) => void, corrected: Partial<typeof errors>) => (value: string) => {
    put(value)
    setErrors({ ...errors, ...corrected })
    setDone(false)
    if (saving.problem?.status !== 429) saving.forget()
  }
  return (
    <Card id="password" title="비밀번호 바꾸기" lead="바꾸면 이 기기를 뺀 모든 기기에서 로그아웃됩니다.">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          const found = { current: current ? null : '지금 비밀번호를 입력해 주세요.', chosen: passwordError(chosen) }
          setErrors(found)
          if (!found.current && !found.chosen) saving.submit()
        }}
      >
        {/* Password managers learn from it whose password this is. */}
        <input type="email" name="email" autoComplete="username" value={person.email} readOnly hidden />
        <PasswordField
          label="지금 비밀번호" name="current" autoComplete="current-password" value={current} onValue={typed(setCurrent, { current: null })}
          error={errors.current ?? (wrong ? saving.problem?.message : null)}
        />
        <PasswordField
          label="새 비밀번호" name="new" autoComplete="new-password" value={chosen} onValue={typed(setChosen, { chosen: null })}
          error={errors.chosen ?? (weak ? saving.problem?.message : null)}
          hint={<StrengthMeter password={chosen} own={[person.email, person.name]} />}
        />
        <Complaint of={saving} hidden={wrong || weak} />
        <SubmitLine of={saving} label="비밀번호 바꾸기" busyLabel="바꾸는 중…" tone="" />
      </form>
      <Done>{done && '비밀번호를 바꾸었습니다. 다른 기기는 로그아웃되었습니다.'}</Done>
    </Card>
  )
}
