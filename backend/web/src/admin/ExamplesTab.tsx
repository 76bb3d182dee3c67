import { type FormEvent, useState } from 'react'

import { Pattern } from '../chat/Pattern'
import { Icon } from '../icons'
import { day } from '../table/format'
import { MOST_EXAMPLES } from './api'
import { ComplaintNotice } from './ComplaintNotice'
import { type Complaint, useAdmin } from './context'
import type { ExampleStatus } from './types'
import { useLoaded } from './useLoaded'

const NONE: Record<ExampleStatus, string> = {
  candidate: '후보가 없습니다. 대화에서 만들거나 새 질문으로 만드세요.',
  verified: '검증된 예시가 없습니다.',
  retired: '보관한 예시가 없습니다.',
}

interface ExamplesTabProps {
  status: ExampleStatus
  onOpen: (id: string) => void
}

/** The examples of one status. */
export function ExamplesTab({ status, onOpen }: ExamplesTabProps) {
  const { api, complaint } = useAdmin()
  const [q, setQ] = useState('')
  const [question, setQuestion] = useState('')
  const [failed, setFailed] = useState<Complaint | null>(null)
  const { value: examples, loading, complaint: refused } = useLoaded(`${status} ${q}`, (signal) => api.examples(status, q, signal))

  const make = (event: FormEvent) => {
    event.preventDefault()
    const made = api.make({ question: question.trim(), graph: 'etf_graph', cypher: '' })
    made.then(({ id }) => onOpen(id), (error: unknown) => setFailed(complaint(error)))
  }

  return (
    <section aria-label="예시">
      <div className="filters" role="search">
        <input
          type="search" className="field" aria-label="예시에서 찾기" placeholder="예시에서 찾기" value={q} maxLength={200}
          onChange={(event) => setQ(event.target.value)}
        />
      </div>
      {status === 'candidate' && (
        <form className="new-example" onSubmit={make}>
          <input
            className="field" aria-label="새 후보의 질문" placeholder="새 후보의 질문" value={question} maxLength={1_000}
            onChange={(event) => setQuestion(event.target.value)}
          />
          <button type="submit" className="button" disabled={!question.trim()}>
            <Icon name="plus" size={16} />
            만들기
          </button>
        </form>
      )}
      <ComplaintNotice complaint={failed ?? refused} />
      {loading && !examples && <p className="empty">불러오는 중…</p>}
      {examples?.length === 0 && <p className="empty">{q ? '찾는 예시가 없습니다.' : NONE[status]}</p>}
      <ul className="entries" aria-busy={loading}>
        {examples?.map((example) => (
          <li className="entry" key={example.id}>
            <button type="button" className="entry-open" onClick={() => onOpen(example.id)}>
              <span className="entry-title"><Pattern question={example.question} /></span>
              <span className="entry-marks">
                <span className="mark">{example.source === 'seed' ? '기본' : '대화에서'}</span>
                <span className="entry-time">{day(example.updated_at)}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {examples?.length === MOST_EXAMPLES && <p className="empty">처음 {MOST_EXAMPLES}개만 보입니다. 낱말로 찾아 좁히세요.</p>}
    </section>
  )
}
