import { Icon } from '../icons'
import { SearchBox } from '../search/SearchBox'
import { FEATURED, MORE } from './examples'

/** What is shown before the first question. */
export function Welcome({ onAsk }: { onAsk: (question: string) => void }) {
  return (
    <section className="welcome" aria-label="시작하기">
      <h2 className="welcome-title">
        한국 ETF, <br className="phone-only" />
        무엇이든 물어보세요
      </h2>
      <p className="welcome-lead">
        어떤 ETF가 무엇을 얼마나 담고 있는지 우리말로 물으면, 답과 함께 근거가 된 표와 질의, 데이터 기준일을 보여 드립니다.
      </p>
      <div className="welcome-search">
        <SearchBox />
      </div>
      <ul className="featured">
        {FEATURED.map(({ icon, topic, question }) => (
          <li key={question}>
            <button type="button" className="featured-card" onClick={() => onAsk(question)}>
              <span className="featured-topic">
                <Icon name={icon} size={17} />
                {topic}
              </span>
              <span className="featured-question">{question}</span>
            </button>
          </li>
        ))}
      </ul>
      <dl className="more">
        {MORE.map(({ topic, questions }) => (
          <div className="more-row" key={topic}>
            <dt>{topic}</dt>
            <dd>
              {questions.map((question) => (
                <button type="button" className="chip" key={question} onClick={() => onAsk(question)}>
                  {question}
                </button>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
