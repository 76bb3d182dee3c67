import '../styles/etf.css'

import { askInChat } from '../chat/asked'
import { useNotices } from '../notifications/useNotices'
import { SearchBox } from '../search/SearchBox'
import { SidePage } from '../SidePage'
import { WatchButton } from '../watch/WatchButton'
import { WatchPanel } from '../watch/WatchPanel'
import { BasketSection } from './BasketSection'
import { Facts } from './Facts'
import { ManagerSection } from './ManagerSection'
import { PriceSection } from './PriceSection'
import { SimilarSection } from './SimilarSection'
import type { EtfDetail, Prices } from './types'
import { useAnswer } from './useAnswer'

/** One ETF: its facts with their dates, price and premium, basket, trades, and what is like it. */
export function EtfPage({ code }: { code: string }) {
  const [notices, store] = useNotices()
  const etf = useAnswer<EtfDetail>(`/api/etfs/${code}`, notices.arrivals)
  const name = etf.state === 'ready' ? etf.value.name : null

  return (
    <SidePage title={name ?? code} id="etf" className="etf" notices={notices} store={store}>
      <SearchBox />
      {etf.state === 'loading' && <p className="etf-note" role="status">불러오는 중…</p>}
      {(etf.state === 'none' || etf.state === 'failed') && (
        <div className="etf-note" role="alert">
          <h2>{etf.state === 'none' ? '이 코드의 ETF가 없습니다' : '불러오지 못했습니다'}</h2>
          <p>{etf.detail}</p>
        </div>
      )}
      {etf.state === 'ready' && <Found etf={etf.value} moment={notices.arrivals} />}
    </SidePage>
  )
}

function Found({ etf, moment }: { etf: EtfDetail; moment: number }) {
  const { name, code } = etf
  const management = etf.active ? '액티브' : '패시브'
  const prices = useAnswer<Prices>(`/api/etfs/${code}/prices?from=1990-01-01`, moment)
  const questions = [`${name} 보수는?`, `${name} 구성종목 상위 10개`, `${name} 비슷한 ETF는?`]
  return (
    <>
      <header className="etf-head">
        <p className="etf-code">
          {etf.code}
          {etf.company && <span> · {etf.company}</span>}
        </p>
        <div className="etf-title">
          <h2>{name}</h2>
          <WatchButton code={code} name={name} />
        </div>
        <p className="etf-badges">
          <span className="badge small plain">{management}</span>
          {etf.tags.filter((tag) => tag !== management).map((tag) => (
            <span className="badge small plain" key={tag}>
              {tag}
            </span>
          ))}
        </p>
        {etf.former_names.length > 0 && <p className="etf-former">옛 이름: {etf.former_names.join(', ')}</p>}
      </header>
      <WatchPanel etf={{ code, name }} />
      <Facts etf={etf} prices={prices.state === 'ready' ? prices.value.prices : []} />
      <PriceSection answer={prices} />
      <BasketSection etf={etf} moment={moment} />
      <SimilarSection etf={etf} moment={moment} />
      <ManagerSection etf={etf} moment={moment} />
      <section className="etf-questions" aria-labelledby="etf-ask">
        <h3 id="etf-ask">이 ETF에 대해 묻기</h3>
        <div className="suggestions">
          {questions.map((question) => (
            <button type="button" className="chip" key={question} onClick={() => askInChat(question)}>
              {question}
            </button>
          ))}
        </div>
      </section>
    </>
  )
}
