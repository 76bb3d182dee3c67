import '../styles/watch.css'

import { useEffect, useSyncExternalStore } from 'react'

import { useSession } from '../account/session'
import { Icon } from '../icons'
import { object } from '../notifications/words'
import type { Said } from './store'
import { watchStore } from './watched'

const SHOWN_MS = 8_000

/** Binds the page's watchlist to its session, and says what a star did, with a way back. Every page has one. */
export function WatchAnnouncer() {
  const { state, person } = useSession()
  const said = useSyncExternalStore(watchStore.listen, watchStore.news)
  const id = state === 'person' ? (person?.id ?? null) : null

  useEffect(() => {
    watchStore.belongTo(id !== null ? { id } : state === 'person' ? 'loading' : state)
  }, [id, state])

  useEffect(() => {
    if (!said) return
    const timer = setTimeout(() => watchStore.dismiss(), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [said])

  return (
    <div className="watch-said" role="status" aria-live="polite">
      {said && (
        <div className="watch-card" data-kind={said.kind}>
          <Icon name={said.kind === 'failed' ? 'alert' : 'star'} size={16} />
          <p>{sentence(said)}</p>
          {said.kind === 'added' && location.pathname !== '/watchlist' && <a href={`/watchlist#${said.etf.code}`}>알림 설정</a>}
          {said.kind === 'removed' && (
            <button type="button" onClick={() => watchStore.set(said.etf, true)}>
              되돌리기
            </button>
          )}
          <button type="button" className="watch-card-close" aria-label="닫기" onClick={() => watchStore.dismiss()}>
            <Icon name="close" size={14} />
          </button>
        </div>
      )}
    </div>
  )
}

function sentence({ kind, etf, detail }: Said): string {
  switch (kind) {
    case 'added':
      return `${object(etf.name)} 관심 목록에 넣었습니다.`
    case 'removed':
      return `${object(etf.name)} 관심 목록에서 뺐습니다.`
    case 'saved':
      return `${etf.name}의 알림 설정을 저장했습니다.`
    case 'saved-all':
      return '모든 관심 ETF의 알림 설정을 바꿨습니다.'
    case 'failed':
      return `${etf.name}: ${detail}`
  }
}
