import { useState } from 'react'

import { Icon } from '../icons'
import { day, number } from '../table/format'
import { ComplaintNotice } from './ComplaintNotice'
import { Confirm } from './Confirm'
import { useAdmin } from './context'
import type { PersonsWebhook } from './types'
import { usePages } from './usePages'

/** Where people hear of alerts in Discord, and whether it works; no address is shown. */
export function WebhooksTab() {
  const { api, complaint } = useAdmin()
  const [version, setVersion] = useState(0)
  const [asked, setAsked] = useState<PersonsWebhook | null>(null)
  const [reason, setReason] = useState('')
  const [said, setSaid] = useState('')
  const [failed, setFailed] = useState<string | null>(null)
  const webhooks = usePages<PersonsWebhook, number>(String(version), (offset, signal) => api.webhooks(offset ?? 0, signal))

  const done = (words: string) => {
    setSaid(words)
    setFailed(null)
    setVersion((count) => count + 1)
  }
  const switchOn = (webhook: PersonsWebhook) =>
    void api.switchWebhook(webhook.person, true).then(
      () => done(`${webhook.email}의 웹훅을 켰습니다.`),
      (error: unknown) => setFailed(complaint(error).message),
    )
  const switchOff = async (webhook: PersonsWebhook) => {
    await api.switchWebhook(webhook.person, false, reason.trim())
    done(`${webhook.email}의 웹훅을 껐습니다.`)
  }

  return (
    <section aria-label="웹훅">
      <p className="said" role="status">{said}</p>
      <ComplaintNotice complaint={failed ? { message: failed, advice: null } : webhooks.complaint} />
      {webhooks.loading && webhooks.items.length === 0 && <p className="empty">불러오는 중…</p>}
      {!webhooks.loading && !webhooks.complaint && webhooks.items.length === 0 && (
        <p className="empty">Discord 웹훅을 등록한 사람이 없습니다. 모두에게 보내는 웹훅은 ‘수집’에 있습니다.</p>
      )}
      <ul className="entries" aria-label="웹훅 목록" aria-busy={webhooks.loading}>
        {webhooks.items.map((webhook) => (
          <li className="entry account-entry" key={webhook.person}>
            <div className="account-entry-who">
              <strong>{webhook.email}</strong>
              <span className="account-entry-email">{webhook.address_hint}</span>
              <span className={`mark ${webhook.state === 'on' ? 'verified' : 'failed'}`}>{webhook.state === 'on' ? '켜짐' : '꺼짐'}</span>
              {paused(webhook) && <span className="mark candidate">잠시 멈춤</span>}
            </div>
            <p className="webhook-counts">
              <span>보냄 {count(webhook, 'sent')}</span>
              <span>대기 {count(webhook, 'waiting', 'sending')}</span>
              <span>실패 {count(webhook, 'refused', 'expired')}</span>
              {webhook.last_sent_at && <span>마지막 전송 {day(webhook.last_sent_at)}</span>}
            </p>
            {webhook.reason && <p className="webhook-reason">{webhook.reason}</p>}
            <div className="account-entry-actions">
              {webhook.state === 'on' ? (
                <button type="button" className="button small" onClick={() => (setReason(''), setAsked(webhook))}>
                  끄기<span className="for-screen-readers"> ({webhook.email})</span>
                </button>
              ) : (
                <button type="button" className="button small" onClick={() => switchOn(webhook)}>
                  켜기<span className="for-screen-readers"> ({webhook.email})</span>
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {webhooks.more && (
        <button type="button" className="button" onClick={webhooks.loadMore}>
          더 보기
        </button>
      )}
      {asked && (
        <Confirm title="이 웹훅을 끌까요?" label="끄기" onClose={() => setAsked(null)} onConfirm={() => switchOff(asked)}>
          <p className="confirm-who">
            <Icon name="person" />
            <span>
              <strong>{asked.email}</strong> <span>{asked.address_hint}</span>
            </span>
          </p>
          <p>관리자가 다시 켤 때까지 이 사람의 Discord로 아무것도 보내지 않습니다. 주소를 새로 등록해도 꺼진 채로 있습니다.</p>
          <label htmlFor="off-reason">이 사람에게 보일 이유 (없어도 됩니다)</label>
          <input id="off-reason" className="field" value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} />
        </Confirm>
      )}
    </section>
  )
}

function count({ posts }: PersonsWebhook, ...states: string[]): string {
  return number(states.reduce((sum, state) => sum + (posts[state] ?? 0), 0))
}

function paused({ paused_until: until }: PersonsWebhook): boolean {
  return until !== null && new Date(until) > new Date()
}
