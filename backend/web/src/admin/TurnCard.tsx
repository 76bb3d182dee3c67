import type { ReactNode } from 'react'

import { AnswerText } from '../chat/AnswerText'
import { ColouredCypher } from '../cypher/ColouredCypher'
import { Icon } from '../icons'
import { day, duration, number } from '../table/format'
import type { StoredTurn } from './types'
import { SOURCES, STAGES, STATUSES } from './words'

interface TurnCardProps {
  turn: StoredTurn
  onMake: () => void
  onOpen: (exampleId: string) => void
}

/** One stored turn: its question, and folded away how its answer came about. */
export function TurnCard({ turn, onMake, onOpen }: TurnCardProps) {
  const { feedback } = turn
  return (
    <li className="entry">
      <details>
        <summary>
          <Icon name="chevron" size={15} />
          <span className="entry-title">{turn.question}</span>
          <span className="entry-marks">
            {feedback && (
              <span className={`mark ${feedback.verdict}`}>
                <Icon name={feedback.verdict === 'up' ? 'thumbUp' : 'thumbDown'} size={14} />
                <span className="for-screen-readers">{feedback.verdict === 'up' ? '좋아요' : '아쉬워요'}</span>
                {feedback.reason}
              </span>
            )}
            <span className={`mark ${turn.status}`}>{STATUSES[turn.status] ?? turn.status}</span>
            {turn.source && <span className="mark">{SOURCES[turn.source]}</span>}
            <span className="entry-time">
              {day(turn.created_at)} · {duration(turn.elapsed_ms)}
            </span>
          </span>
        </summary>
        <dl className="facts">
          <Fact name="가린 질문">{turn.masked || '–'}</Fact>
          <Fact name="답">
            <div className="prose">
              <AnswerText text={turn.answer || '–'} />
            </div>
          </Fact>
          {turn.cypher.map((query, index) => (
            <Fact key={index} name={turn.cypher.length > 1 ? `Cypher ${index + 1}` : 'Cypher'}>
              <pre className="query" tabIndex={0} aria-label="Cypher 질의">
                <ColouredCypher text={query.trim()} />
              </pre>
            </Fact>
          ))}
          {turn.errors.length > 0 && (
            <Fact name="오류">
              <ul className="errors">
                {turn.errors.map((error, index) => (
                  <li key={index}>{error}</li>
                ))}
              </ul>
            </Fact>
          )}
          {turn.example && <Fact name="쓴 예시">{turn.example}</Fact>}
          {turn.examples.length > 0 && (
            <Fact name="가까운 예시">
              <ul className="near">
                {turn.examples.map(({ id, similarity }) => (
                  <li key={id}>
                    <button type="button" className="link" onClick={() => onOpen(id)}>{id}</button> {number(similarity, 3)}
                  </li>
                ))}
              </ul>
            </Fact>
          )}
          <Fact name="시간">
            {Object.entries(turn.stages_ms).map(([stage, ms]) => `${STAGES[stage] ?? stage} ${number(ms, ms < 10 ? 1 : 0)} ms`).join(' · ') || '–'}
          </Fact>
          <Fact name="모델">
            {turn.model}
            {turn.tries > 0 && ` · 질의 ${turn.tries}번`}
            {turn.prompt_tokens + turn.completion_tokens > 0 &&
              ` · 토큰 ${number(turn.prompt_tokens)} + ${number(turn.completion_tokens)}${turn.cost_usd > 0 ? ` · $${turn.cost_usd.toFixed(4)}` : ''}`}
          </Fact>
        </dl>
        <div className="entry-actions">
          {turn.made_into.map((id) => (
            <button type="button" className="button" key={id} onClick={() => onOpen(id)}>
              만든 예시 열기
            </button>
          ))}
          {turn.made_into.length === 0 && (
            <button type="button" className="button" onClick={onMake}>
              <Icon name="plus" size={16} />
              후보로 만들기
            </button>
          )}
        </div>
      </details>
    </li>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
