import { useState } from 'react'

import { changeMe } from './api'
import { Card, Done } from './Card'
import { Field } from './Field'
import { Complaint, SubmitLine } from './SubmitLine'
import type { Me } from './types'
import { useSubmit } from './useSubmit'
import { moment } from './words'

/** Who this account is. */
export function ProfileCard({ person }: { person: Me }) {
  const [name, setName] = useState(person.name)
  const [done, setDone] = useState(false)
  const saving = useSubmit(async () => {
    await changeMe({ name: name.trim() })
    setDone(true)
  })
  return (
    <Card id="profile" title="내 정보">
      <dl className="account-facts">
        <div>
          <dt>이메일</dt>
          <dd>{person.email}</dd>
        </div>
        <div>
          <dt>가입한 때</dt>
          <dd>{moment(person.created_at)}</dd>
        </div>
        {person.role === 'admin' && (
          <div>
            <dt>역할</dt>
            <dd>관리자</dd>
          </div>
        )}
      </dl>
      <form className="account-row" onSubmit={saving.submit}>
        <Field
          label="이름" name="name" autoComplete="nickname" maxLength={60} value={name}
          onValue={(given) => {
            setName(given)
            setDone(false)
          }}
        />
        <SubmitLine of={saving} label="이름 저장" busyLabel="저장하는 중…" tone="" disabled={name.trim() === person.name} />
      </form>
      <Complaint of={saving} />
      <Done>{done && '이름을 바꾸었습니다.'}</Done>
    </Card>
  )
}
