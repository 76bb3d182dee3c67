import '../styles/search.css'

import { type CSSProperties, type KeyboardEvent, useId, useState } from 'react'

import { askInChat } from '../chat/asked'
import { Icon } from '../icons'
import { WatchButton } from '../watch/WatchButton'
import { addressOf, type Hit, KIND_NAMES, questionOf } from './hits'
import { useHits } from './useHits'

interface SearchBoxProps {
  /** Only what is of this kind. */
  only?: 'etf'
}

/** Finds ETFs, stocks, managers and themes while one types: an ETF opens its page or is watched, anything else is asked about. */
export function SearchBox({ only }: SearchBoxProps) {
  const [text, setText] = useState('')
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const list = useId()
  const found = useHits(text, only)
  const label = only ? 'ETF를 찾아 별로 담기' : 'ETF, 종목, 운용사 찾기'
  const hits = found.state === 'ready' ? found.hits : []
  const shown = open && text.trim() !== ''

  const go = (hit: Hit) => {
    setOpen(false)
    const address = addressOf(hit)
    if (address) location.assign(address)
    else askInChat(questionOf(hit))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setOpen(true)
      const step = event.key === 'ArrowDown' ? 1 : -1
      setActive(hits.length === 0 ? -1 : (active + step + hits.length + (active < 0 && step < 0 ? 1 : 0)) % hits.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      const hit = hits[Math.max(active, 0)]
      if (hit) go(hit)
    } else if (event.key === 'Escape' && shown) {
      // Otherwise the browser empties the field at once.
      event.preventDefault()
      setOpen(false)
    }
  }

  return (
    <div
      className="search" role="search"
      onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || setOpen(false)}
    >
      <Icon name="search" />
      <input
        type="search" className="search-field" value={text} maxLength={100} placeholder={label} aria-label={label}
        role="combobox" aria-expanded={shown} aria-controls={list} aria-autocomplete="list" autoComplete="off" spellCheck={false}
        aria-activedescendant={shown && active >= 0 ? `${list}-${active}` : undefined}
        onChange={(event) => {
          setText(event.target.value)
          setActive(-1)
          setOpen(true)
        }}
        onFocus={() => setOpen(true)} onKeyDown={onKeyDown}
      />
      <div className="search-panel" hidden={!shown} style={{ '--hits': hits.length } as CSSProperties}>
        <ul id={list} role="listbox" aria-label="찾은 것">
          {hits.map((hit, index) => (
            <li
              key={`${hit.kind} ${hit.code}`} id={`${list}-${index}`} role="option" aria-selected={index === active}
              onMouseDown={(event) => event.preventDefault()} onClick={() => go(hit)} onMouseMove={() => setActive(index)}
            >
              <span className="hit-kind">{KIND_NAMES[hit.kind]}</span>
              <span className="hit-name">{hit.name}</span>
              {hit.code !== hit.name && <span className="hit-code">{hit.code}</span>}
              {hit.matched !== hit.name && <span className="hit-reason">{hit.reason}</span>}
            </li>
          ))}
        </ul>
        {/* Beside the options, not in them: an option holds no buttons. */}
        <div className="hit-stars" role="group" aria-label="관심 목록에 넣기" onMouseDown={(event) => event.preventDefault()}>
          {hits.map((hit, index) => (
            <span key={`${hit.kind} ${hit.code}`} data-active={index === active || undefined} onMouseMove={() => setActive(index)}>
              {hit.kind === 'etf' && <WatchButton code={hit.code} name={hit.name} compact />}
            </span>
          ))}
        </div>
        {found.state === 'ready' && hits.length === 0 && <p className="search-note">비슷한 이름이 없습니다.</p>}
        {found.state === 'failed' && <p className="search-note">{found.detail}</p>}
      </div>
      <p className="for-screen-readers" role="status">
        {shown && found.state === 'ready' && `${hits.length}개를 찾았습니다.`}
      </p>
    </div>
  )
}
