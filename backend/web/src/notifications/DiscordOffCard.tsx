import { day } from '../table/format'
import type { DiscordOffEvent } from './types'
import { headline } from './words'

/** Discord takes nothing more for this person, why, and where to put it right. */
export function DiscordOffCard({ event, unread }: { event: DiscordOffEvent; unread: boolean }) {
  const { reason, address_hint } = event.content
  return (
    <article className="notification" data-unread={unread || undefined}>
      <header>
        <h3>
          {headline(event)}
          {unread && <span className="for-screen-readers"> (읽지 않음)</span>}
        </h3>
        <time dateTime={event.created_at}>{day(event.created_at)}</time>
      </header>
      <p className="notification-still">
        {address_hint && `${address_hint}: `}
        {reason ?? '디스코드가 더는 받지 않습니다.'} 알림은 이 화면에 계속 쌓입니다.
      </p>
      <p className="notification-links">
        <a href="/account#discord">새 주소 넣기</a>
      </p>
    </article>
  )
}
