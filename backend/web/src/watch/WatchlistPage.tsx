import '../styles/watch.css'
import '../styles/watchlist.css'

import { useState } from 'react'

import { signInAddress, useSession } from '../account/session'
import { registerAddress } from '../account/next'
import { useNotices } from '../notifications/useNotices'
import { SearchBox } from '../search/SearchBox'
import { SidePage } from '../SidePage'
import { StartingPoints } from './StartingPoints'
import { useWatchlist } from './useWatchlist'
import { WatchlistView } from './WatchlistView'

/** The page that one opens in the morning: what one watches, and what became of it since the last visit. */
export function WatchlistPage() {
  const { state, person } = useSession()
  const [notices, store] = useNotices()
  const loaded = useWatchlist(person?.id ?? null, notices.arrivals)
  const [pasting, setPasting] = useState(false)

  return (
    <SidePage title="관심 목록" id="watchlist" className="watchlist" notices={notices} store={store}>
      <SearchBox only="etf" />
      {state === 'nobody' && <Invitation />}
      {state === 'away' && <p className="watch-note" role="alert">서버에 연결할 수 없습니다. 다시 연결하고 있습니다.</p>}
      {person && loaded.state === 'failed' && <p className="watch-note" role="alert">{loaded.detail}</p>}
      {(state === 'loading' || (person && loaded.state === 'loading')) && <p className="watch-note" role="status">불러오는 중…</p>}
      {person && loaded.state === 'ready' && (
        <WatchlistView list={loaded.list} gone={loaded.gone} pasting={pasting} onPasting={setPasting} />
      )}
    </SidePage>
  )
}

function Invitation() {
  return (
    <>
      <header className="watchlist-head">
        <h2>관심 목록</h2>
        <p>
          로그인하면 관심 ETF를 모아 두고, 운용사가 무엇을 사고팔았는지 지난번에 본 뒤로 달라진 것만 볼 수 있습니다. 바뀌면 알려 드립니다.
        </p>
        <p className="watchlist-doors">
          <a className="button primary" href={signInAddress()}>
            로그인
          </a>
          <a className="button" href={registerAddress('/watchlist')}>
            계정 만들기
          </a>
        </p>
      </header>
      <StartingPoints onPaste={null} />
    </>
  )
}
