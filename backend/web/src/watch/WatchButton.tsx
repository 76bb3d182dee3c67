import '../styles/watch.css'

import { Icon } from '../icons'
import { useWatched, watchStore } from './watched'

interface WatchButtonProps {
  code: string
  name: string
  /** Only the star, small enough for a line of text. */
  compact?: boolean
}

/** A star that watches an ETF, or no longer. Who is not signed in is led to the login, and watches it afterwards. */
export function WatchButton({ code, name, compact = false }: WatchButtonProps) {
  const watched = useWatched(code)
  return (
    <button
      type="button" className={compact ? 'star' : 'button star-button'} aria-pressed={watched} aria-label={`${name} 관심 ETF`}
      title={watched ? '관심 목록에서 빼기' : '관심 목록에 넣기'} onClick={() => watchStore.toggle({ code, name })}
    >
      <Icon name="star" size={compact ? 16 : 18} />
      {!compact && <span>관심 ETF</span>}
    </button>
  )
}
