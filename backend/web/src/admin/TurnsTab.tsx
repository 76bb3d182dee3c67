import { useState } from 'react'

import { Icon } from '../icons'
import { PAGE_SIZE, type TurnFilter } from './api'
import { ComplaintNotice } from './ComplaintNotice'
import { type Complaint, useAdmin } from './context'
import { TurnCard } from './TurnCard'
import type { StoredTurn } from './types'
import { useLoaded } from './useLoaded'
import { SOURCES, STATUSES } from './words'

/** The stored turns, with filters; each can become a candidate. */
export function TurnsTab({ onOpen }: { onOpen: (exampleId: string) => void }) {
  const { api, complaint } = useAdmin()
  const [filter, setFilter] = useState<TurnFilter>({})
  const [older, setOlder] = useState<StoredTurn[]>([])
  const [done, setDone] = useState(false)
  const [failed, setFailed] = useState<Complaint | null>(null)
  const first = useLoaded(JSON.stringify(filter), (signal) => api.turns(filter, signal))
  const turns = [...(first.value ?? []), ...older]
  const more = !done && turns.length > 0 && turns.length % PAGE_SIZE === 0

  const change = (part: TurnFilter) => {
    setFilter({ ...filter, ...part })
    setOlder([])
    setDone(false)
  }
  const fail = (error: unknown) => setFailed(complaint(error))
  const loadOlder = () => {
    const before = turns.at(-1)?.id
    if (before === undefined) return
    api.turns({ ...filter, before }).then((next) => {
      setOlder([...older, ...next])
      setDone(next.length < PAGE_SIZE)
    }, fail)
  }
  const make = (turn: StoredTurn) => void api.make({ run_id: turn.run_id }).then(({ id }) => onOpen(id), fail)

  return (
    <section aria-label="대화">
      <div className="filters" role="search">
        <label className="check">
          <input
            type="checkbox" checked={filter.verdict === 'down'}
            onChange={(event) => change({ verdict: event.target.checked ? 'down' : '' })}
          />
          <Icon name="thumbDown" size={16} />
          아쉬워요만
        </label>
        <Choice label="상태" options={STATUSES} value={filter.status ?? ''} onChange={(status) => change({ status })} />
        <Choice label="답한 방법" options={SOURCES} value={filter.source ?? ''} onChange={(source) => change({ source })} />
        <input
          type="search" className="field" aria-label="질문에서 찾기" placeholder="질문에서 찾기" value={filter.q ?? ''} maxLength={200}
          onChange={(event) => change({ q: event.target.value })}
        />
      </div>
      <ComplaintNotice complaint={failed ?? first.complaint} />
      {first.loading && turns.length === 0 && <p className="empty">불러오는 중…</p>}
      {!first.loading && !first.complaint && turns.length === 0 && <p className="empty">조건에 맞는 대화가 없습니다.</p>}
      <ul className="entries" aria-busy={first.loading}>
        {turns.map((turn) => (
          <TurnCard key={turn.id} turn={turn} onMake={() => make(turn)} onOpen={onOpen} />
        ))}
      </ul>
      {more && (
        <button type="button" className="button" onClick={loadOlder}>
          더 보기
        </button>
      )}
    </section>
  )
}

interface ChoiceProps {
  label: string
  options: Record<string, string>
  value: string
  onChange: (value: string) => void
}

function Choice({ label, options, value, onChange }: ChoiceProps) {
  return (
    <select className="field" aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{label}: 모두</option>
      {Object.entries(options).map(([name, shown]) => (
        <option key={name} value={name}>
          {shown}
        </option>
      ))}
    </select>
  )
}
