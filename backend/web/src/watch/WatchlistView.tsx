import { useEffect, useMemo, useRef, useState } from 'react'

import { Icon } from '../icons'
import { tradingDay } from '../notifications/words'
import { date, number } from '../table/format'
import { hasChanged, matching, type Order, ordered, ORDERS } from './list'
import { PasteDrawer } from './PasteDrawer'
import { SettingsDrawer } from './SettingsDrawer'
import { StartingPoints } from './StartingPoints'
import type { WatchedEtf, Watchlist } from './types'
import { WatchItem } from './WatchItem'

const ORDER_KEY = 'etf-atlas.watch-order'
/** A list that fits the screen needs no filter. */
const FILTERED_FROM = 6

interface WatchlistViewProps {
  list: Watchlist
  gone: WatchedEtf[]
  pasting: boolean
  onPasting: (pasting: boolean) => void
}

export function WatchlistView({ list, gone, pasting, onPasting }: WatchlistViewProps) {
  const [order, setOrder] = useOrder()
  const [filter, setFilter] = useState('')
  const [edited, setEdited] = useState<string | null>(takeHash)
  const [said, setSaid] = useState('')
  const arrived = useArrived(list.as_of)
  const { items } = list
  const shown = useMemo(() => ordered(matching([...items, ...gone], filter), order), [items, gone, filter, order])
  const removed = new Set(gone.map(({ etf }) => etf.code))
  const watch = items.find(({ etf }) => etf.code === edited)
  const codes = items.map(({ etf }) => etf.code)

  return (
    <>
      <header className="watchlist-head">
        <h2>관심 목록</h2>
        <p>{headline(list)}</p>
      </header>
      <p className="watch-told" role="status">
        {said || (arrived && `${tradingDay(arrived)} 자료가 들어와 목록을 새로 고쳤습니다.`)}
      </p>
      {shown.length === 0 && items.length === 0 ? (
        <StartingPoints onPaste={() => onPasting(true)} />
      ) : (
        <>
          <div className="watch-tools">
            {items.length >= FILTERED_FROM && (
              <input
                type="search" className="field watch-filter" value={filter} placeholder="목록에서 찾기" aria-label="목록에서 찾기"
                onChange={(event) => setFilter(event.target.value)}
              />
            )}
            <label className="watch-order">
              <span className="for-screen-readers">차례</span>
              <select className="field" value={order} onChange={(event) => setOrder(event.target.value as Order)}>
                {Object.entries(ORDERS).map(([value, label]) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
            <button type="button" className="button" onClick={() => onPasting(true)} aria-haspopup="dialog">
              <Icon name="copy" size={16} />
              <span>목록 붙여넣기</span>
            </button>
          </div>
          <ul className="watch-items" aria-label="관심 ETF">
            {shown.map((item) => (
              <WatchItem
                key={item.etf.code} item={item} asOf={list.as_of} gone={removed.has(item.etf.code)}
                onEdit={() => setEdited(item.etf.code)}
              />
            ))}
          </ul>
          {shown.length === 0 && <p className="watch-note">목록에 ‘{filter}’이(가) 들어간 ETF가 없습니다.</p>}
        </>
      )}
      {watch && <SettingsDrawer watch={watch} codes={codes} onClose={() => setEdited(null)} />}
      {pasting && <PasteDrawer onClose={() => onPasting(false)} onDone={setSaid} />}
    </>
  )
}

function headline({ as_of, seen_at, seen_date, items }: Watchlist): string {
  const source = as_of ? `${date(as_of)} 기준` : '자료 없음'
  if (items.length === 0) return source
  if (seen_at && seen_date === as_of) return `${source} · ${number(items.length)}개 · 지난번에 본 뒤로 들어온 자료가 없습니다.`
  const changed = items.filter(({ news }) => hasChanged(news)).length
  const since = seen_date ? `${tradingDay(seen_date)} ${seen_at ? '자료를 본 뒤로' : '뒤로'} ` : ''
  if (changed === 0) return `${source} · ${since}${number(items.length)}개 모두 바뀐 것이 없습니다.`
  return `${source} · ${since}${number(items.length)}개 가운데 ${number(changed)}개가 바뀌었습니다.`
}

/** The ETF whose settings the address asks for, once. */
function takeHash(): string | null {
  const code = /^#([0-9A-Z]{6})$/.exec(location.hash)?.[1] ?? null
  if (code) history.replaceState(null, '', location.pathname)
  return code
}

/** The date of data that came while the page was open. */
function useArrived(asOf: string | null): string | null {
  const first = useRef(asOf)
  return asOf !== first.current ? asOf : null
}

function useOrder(): [Order, (order: Order) => void] {
  const [order, setOrder] = useState<Order>(() => {
    try {
      const kept = localStorage.getItem(ORDER_KEY)
      return kept && kept in ORDERS ? (kept as Order) : 'changed'
    } catch {
      return 'changed'
    }
  })
  useEffect(() => {
    try {
      localStorage.setItem(ORDER_KEY, order)
    } catch (error) {
      console.info('the order cannot be kept', error)
    }
  }, [order])
  return [order, setOrder]
}
