import { useState } from 'react'

import { useAnswer } from '../etf/useAnswer'
import { Icon } from '../icons'
import { SettingsDrawer } from './SettingsDrawer'
import { summary } from './settings'
import type { Named, Watch } from './types'
import { useWatched, useWatchlistMoment, watchStore } from './watched'

/** What the person is told of an ETF that they watch, and where to change it; nothing for an ETF that is not watched. */
export function WatchPanel({ etf }: { etf: Named }) {
  const watched = useWatched(etf.code)
  const moment = useWatchlistMoment()
  const [editing, setEditing] = useState(false)
  const watch = useAnswer<Watch>(watched ? `/api/watchlist/${encodeURIComponent(etf.code)}` : null, moment)
  if (!watched || watch.state !== 'ready') return null
  return (
    <div className="watch-panel">
      <Icon name="bell" size={16} />
      <span>
        <b>내 알림</b> {summary(watch.value)}
      </span>
      <button type="button" className="watch-more" aria-haspopup="dialog" aria-label={`${etf.name} 알림 설정 고치기`} onClick={() => setEditing(true)}>
        고치기
      </button>
      {editing && <SettingsDrawer watch={watch.value} codes={[...watchStore.watched()]} onClose={() => setEditing(false)} />}
    </div>
  )
}
