import { useState } from 'react'

import { Icon } from '../icons'
import { save } from '../save'
import { deleteAccount, myData } from './api'
import { Card, Done } from './Card'
import { Field, PasswordField } from './Field'
import { Complaint, SubmitLine } from './SubmitLine'
import { useSubmit } from './useSubmit'

const WORD = '계정 삭제'

/** Taking one's data along, and leaving. */
export function DataCard() {
  const [done, setDone] = useState(false)
  const exporting = useSubmit(async () => {
    setDone(false)
    save(await myData(), 'etf-atlas-내-자료.json')
    setDone(true)
  })
  return (
    <>
      <Card id="data" title="내 자료 내려받기" lead="계정, 관심 목록과 설정, 알림, 대화와 평가를 JSON 파일 하나로 받습니다. 비밀번호와 디스코드 주소는 들어 있지 않습니다.">
        <form onSubmit={exporting.submit}>
          <div className="submit-line">
            <button type="submit" className="button" disabled={exporting.busy || exporting.wait > 0}>
              <Icon name="download" size={16} />
              {exporting.busy ? '모으는 중…' : '내려받기'}
            </button>
          </div>
        </form>
        <Complaint of={exporting} />
        <Done>{done && '파일을 내려받았습니다.'}</Done>
      </Card>
      <DeleteCard />
    </>
  )
}

function DeleteCard() {
  const [open, setOpen] = useState(false)
  const [password, setPassword] = useState('')
  const [typed, setTyped] = useState('')
  const deleting = useSubmit(() => deleteAccount(password))
  const wrong = deleting.problem?.slug === 'wrong-credentials'
  return (
    <Card id="delete" title="계정 삭제" lead="되돌릴 수 없습니다. 계정과 함께 관심 목록, 알림과 읽음 표시, 디스코드 주소, 대화와 평가, API 토큰과 로그인한 기기가 모두 지워집니다.">
      {!open ? (
        <p className="submit-line">
          <button type="button" className="button danger" onClick={() => setOpen(true)}>
            계정 삭제…
          </button>
        </p>
      ) : (
        <form onSubmit={deleting.submit}>
          <PasswordField
            label="비밀번호" name="delete-password" autoComplete="current-password" value={password} autoFocus
            onValue={(given) => {
              setPassword(given)
              if (wrong) deleting.forget()
            }}
            error={wrong ? deleting.problem?.message : null}
          />
          <Field label={`확인을 위해 ‘${WORD}’라고 써 주세요`} autoComplete="off" value={typed} onValue={setTyped} />
          <Complaint of={deleting} hidden={wrong} />
          <SubmitLine
            of={deleting} label="영구히 삭제" busyLabel="지우는 중…" tone="danger" disabled={!password || typed.trim() !== WORD}
          >
            <button type="button" className="button" onClick={() => setOpen(false)}>
              그만두기
            </button>
          </SubmitLine>
        </form>
      )}
    </Card>
  )
}
