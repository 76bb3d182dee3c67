import { useState } from 'react'

import { ComplaintNotice } from './ComplaintNotice'
import { useAdmin } from './context'
import { ACTION_ROOMS, actionName, actorName, detailWords, moment } from './people'
import type { AuditEntry } from './types'
import { usePages } from './usePages'

/** What administrators did. Nothing can be changed here, by nobody. */
export function AuditTab() {
  const { api } = useAdmin()
  const [actor, setActor] = useState('')
  const [action, setAction] = useState('')
  const log = usePages<AuditEntry, number>(`${action} ${actor}`, (before, signal) => api.audit(actor.trim(), action, before, signal))

  return (
    <section aria-label="기록">
      <div className="filters" role="search">
        <select className="field" aria-label="한 일" value={action} onChange={(event) => setAction(event.target.value)}>
          <option value="">한 일: 모두</option>
          {Object.entries(ACTION_ROOMS).map(([prefix, name]) => (
            <option key={prefix} value={prefix}>
              {name}
            </option>
          ))}
        </select>
        <input
          type="search" className="field" aria-label="한 사람에서 찾기" placeholder="한 사람에서 찾기" value={actor} maxLength={200}
          onChange={(event) => setActor(event.target.value)}
        />
      </div>
      <ComplaintNotice complaint={log.complaint} />
      {log.loading && log.items.length === 0 && <p className="empty">불러오는 중…</p>}
      {!log.loading && !log.complaint && log.items.length === 0 && (
        <p className="empty">{actor || action ? '조건에 맞는 기록이 없습니다.' : '관리자가 한 일이 아직 없습니다.'}</p>
      )}
      {log.items.length > 0 && (
        <ol className="audit" aria-label="관리자가 한 일" aria-busy={log.loading}>
          {log.items.map((entry) => (
            <li key={entry.id}>
              <time dateTime={entry.at}>{moment(entry.at)}</time>
              <span className="audit-deed">
                <strong>{actionName(entry.action)}</strong>
                {entry.subject && (
                  <span className="audit-subject">
                    {entry.subject_email ?? entry.subject}
                    {entry.action.startsWith('user.') && !entry.subject_email && ' (지워진 계정)'}
                  </span>
                )}
                <span className="audit-detail">{detailWords(entry.detail)}</span>
              </span>
              <span className="audit-actor">{actorName(entry.actor)}</span>
            </li>
          ))}
        </ol>
      )}
      {log.more && (
        <button type="button" className="button older" onClick={log.loadMore}>
          더 보기
        </button>
      )}
    </section>
  )
}
