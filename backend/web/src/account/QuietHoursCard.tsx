import { useState } from 'react'

import { changeMe } from './api'
import { Card, Done } from './Card'
import { Field } from './Field'
import { Complaint, SubmitLine } from './SubmitLine'
import type { Me } from './types'
import { useSubmit } from './useSubmit'

const USUAL = { from: '22:00', until: '07:00' }

/** The hours in which Discord stays silent. */
export function QuietHoursCard({ person }: { person: Me }) {
  const stored = person.quiet_hours ?? null
  const [quiet, setQuiet] = useState(stored !== null)
  const [hours, setHours] = useState(stored ?? USUAL)
  const [done, setDone] = useState<string | null>(null)
  const wanted = quiet ? hours : null
  const same = wanted?.from === stored?.from && wanted?.until === stored?.until
  const empty = quiet && (!hours.from || !hours.until || hours.from === hours.until)
  const saving = useSubmit(async () => {
    await changeMe({ quiet_hours: wanted })
    setDone(wanted ? `${wanted.from}부터 ${wanted.until}까지는 보내지 않습니다.` : '이제 언제든 보냅니다.')
  })
  const change = (next: () => void) => {
    next()
    setDone(null)
  }
  return (
    <Card
      id="quiet-hours" title="방해 금지 시간"
      lead="이 시간에는 디스코드로 보내지 않고, 끝나면 모아서 보냅니다. 이 화면의 알림에는 바로 쌓입니다. 시각은 한국 시간입니다."
    >
      <form className="account-row" onSubmit={saving.submit}>
        <label className="account-check">
          <input type="checkbox" checked={quiet} onChange={(event) => change(() => setQuiet(event.target.checked))} />
          방해 금지 시간 두기
        </label>
        <Field
          label="부터" type="time" required={quiet} disabled={!quiet} value={hours.from}
          onValue={(from) => change(() => setHours({ ...hours, from }))}
        />
        <Field
          label="까지" type="time" required={quiet} disabled={!quiet} value={hours.until}
          onValue={(until) => change(() => setHours({ ...hours, until }))}
        />
        <SubmitLine of={saving} label="저장" busyLabel="저장하는 중…" tone="" disabled={same || empty} />
      </form>
      {quiet && hours.from !== '' && hours.from === hours.until && <p className="account-note">시작과 끝이 달라야 합니다.</p>}
      <Complaint of={saving} />
      <Done>{done}</Done>
    </Card>
  )
}
