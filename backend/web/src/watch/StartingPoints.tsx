import { askInChat } from '../chat/asked'
import type { EtfSummary } from '../etf/types'
import { useAnswer } from '../etf/useAnswer'
import { Icon } from '../icons'
import { won } from '../table/format'
import { WatchButton } from './WatchButton'

const POPULAR = 8
const QUESTIONS = ['보수율 낮은 반도체 ETF 추천해줘', '삼성전자를 가장 많이 담은 ETF는?']

/** Where an empty watchlist begins: the largest ETFs, a list that one has, a question. */
export function StartingPoints({ onPaste }: { onPaste: (() => void) | null }) {
  const popular = useAnswer<{ etfs: EtfSummary[] }>(`/api/etfs?limit=${POPULAR}`)
  return (
    <div className="watch-starts">
      <section aria-labelledby="start-popular">
        <h3 id="start-popular">순자산이 큰 ETF에서 고르기</h3>
        <p>별을 누르면 관심 목록에 들어갑니다.</p>
        {popular.state === 'ready' && (
          <ul className="watch-popular">
            {popular.value.etfs.map(({ code, name, aum_krw }) => (
              <li key={code}>
                <WatchButton code={code} name={name} compact />
                <a href={`/etf/${encodeURIComponent(code)}`}>{name}</a>
                {aum_krw !== null && <span>{won(aum_krw)}원</span>}
              </li>
            ))}
          </ul>
        )}
        {popular.state === 'failed' && <p role="alert">{popular.detail}</p>}
      </section>
      <div className="watch-start-column">
        {onPaste && (
          <section aria-labelledby="start-paste">
            <h3 id="start-paste">가진 목록을 붙여넣기</h3>
            <p>증권사 화면이나 엑셀에서 복사한 이름과 코드를 한 번에 넣습니다.</p>
            <button type="button" className="button" onClick={onPaste} aria-haspopup="dialog">
              <Icon name="copy" />
              <span>목록 붙여넣기</span>
            </button>
          </section>
        )}
        <section aria-labelledby="start-ask">
          <h3 id="start-ask">물어보고 고르기</h3>
          <p>답에 나온 ETF 옆의 별을 누르면 됩니다.</p>
          <div className="suggestions">
            {QUESTIONS.map((question) => (
              <button type="button" className="chip" key={question} onClick={() => askInChat(question)}>
                {question}
              </button>
            ))}
          </div>
        </section>
      </div>
    </div>
  )
}
