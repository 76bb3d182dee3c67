import type { ReactNode } from 'react'

import { Icon } from '../icons'
import { day, number } from '../table/format'
import type { DiscordStanding } from './types'

/** How posting to Discord stands, in a line; what went wrong last is said below it. */
export function DiscordLine({ standing }: { standing: DiscordStanding }) {
  const { posts, last_sent_at: lastSent, last_error: lastError } = standing
  const waiting = posts.waiting + posts.sending
  const failed = posts.refused + posts.expired
  const { kind, word, note } = state(standing)
  return (
    <div className="discord">
      <p className="discord-line">
        <strong>Discord</strong>
        <span className={`mark ${kind}`}>{word}</span>
        <span>대기 {number(waiting)}</span>
        <span>보냄 {number(posts.sent)}</span>
        <span className={failed > 0 ? 'discord-failed' : undefined}>실패 {number(failed)}</span>
        {posts.in_doubt > 0 && <span>확인 필요 {number(posts.in_doubt)}</span>}
        {lastSent && <span className="discord-last">마지막 전송 {day(lastSent)}</span>}
      </p>
      {note && <p className="discord-note">{note}</p>}
      {lastError && (
        <p className="discord-note">
          <Icon name="alert" size={14} />
          마지막 오류: {lastError.reason}
        </p>
      )}
    </div>
  )
}

interface State {
  kind: string
  word: string
  note?: ReactNode
}

function state({ configured, problem, switched_off: off, paused_until: paused }: DiscordStanding): State {
  if (problem) return { kind: 'failed', word: '주소 오류', note: problem }
  if (!configured) {
    return { kind: '', word: '설정 안 됨', note: <><code>ATLAS_DISCORD_WEBHOOK_URL</code>에 웹훅 주소를 넣으면 수집 결과를 Discord로 보냅니다.</> }
  }
  if (off) {
    return { kind: 'failed', word: '꺼짐', note: <>{off.reason} — 새 웹훅 주소를 넣거나 <code>./atlas discord test</code>로 다시 켭니다.</> }
  }
  if (paused && new Date(paused) > new Date()) return { kind: 'candidate', word: '잠시 멈춤', note: 'Discord가 쉬어 가라고 했습니다. 곧 이어서 보냅니다.' }
  return { kind: 'verified', word: '설정됨' }
}
