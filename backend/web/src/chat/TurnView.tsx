import { CypherFold } from '../cypher/CypherFold'
import { Icon } from '../icons'
import { DataTable } from '../table/DataTable'
import { AnswerText } from './AnswerText'
import type { Turn } from './conversation'
import { Evidence } from './Evidence'
import { Steps } from './Steps'

interface TurnViewProps {
  turn: Turn
  /** Only the last turn offers what to ask next. */
  last: boolean
  busy: boolean
  onAsk: (question: string) => void
  onRetry: (turn: Turn) => void
}

export function TurnView({ turn, last, busy, onAsk, onRetry }: TurnViewProps) {
  const { answer } = turn
  const status = answer?.status ?? 'answered'
  const retry = (
    <button type="button" className="button" disabled={busy} onClick={() => onRetry(turn)}>
      <Icon name="retry" size={16} />
      다시 시도
    </button>
  )
  return (
    <article className="turn" data-phase={turn.phase} data-status={answer?.status}>
      <h2 className="question">
        <span className="for-screen-readers">질문: </span>
        {turn.question}
      </h2>
      <div className="answer" aria-busy={turn.phase === 'running'}>
        <Steps turn={turn} />
        {turn.text && (
          <div className={`answer-text${status === 'answered' ? '' : ` notice ${status}`}`}>
            {status !== 'answered' && <NoticeHead status={status} />}
            <div className={turn.phase === 'running' ? 'prose writing' : 'prose'}>
              <AnswerText text={turn.text} />
            </div>
            {status === 'clarify' && <Suggestions turn={turn} busy={busy} onAsk={onAsk} label="고르기" />}
            {status === 'refused' && <Suggestions turn={turn} busy={busy} onAsk={onAsk} label="대신 물어볼 수 있는 것" />}
            {status === 'failed' && <p className="notice-actions">{retry}</p>}
          </div>
        )}
        {(answer?.tables ?? turn.tables).map((table, index) => (
          <DataTable key={index} table={table} />
        ))}
        {turn.error && (
          <div className="notice failed" role="alert">
            <NoticeHead status="failed" />
            <p className="prose">{turn.error}</p>
            <p className="notice-actions">{retry}</p>
          </div>
        )}
        {turn.phase === 'stopped' && (
          <p className="stopped">
            답변을 멈췄습니다.
            {retry}
          </p>
        )}
        {answer && <CypherFold queries={answer.cypher} />}
        {answer && <Evidence answer={answer} />}
        {last && status === 'answered' && <Suggestions turn={turn} busy={busy} onAsk={onAsk} label="이어서 물어보기" />}
      </div>
    </article>
  )
}

const NOTICES = {
  clarify: { icon: 'question', title: '어느 것인지 알려 주세요' },
  refused: { icon: 'info', title: '이 질문에는 답할 수 없어요' },
  failed: { icon: 'alert', title: '답을 얻지 못했습니다' },
} as const

function NoticeHead({ status }: { status: keyof typeof NOTICES }) {
  const { icon, title } = NOTICES[status]
  return (
    <p className="notice-head">
      <Icon name={icon} size={18} />
      {title}
    </p>
  )
}

interface SuggestionsProps {
  turn: Turn
  label: string
  busy: boolean
  onAsk: (question: string) => void
}

function Suggestions({ turn, label, busy, onAsk }: SuggestionsProps) {
  const suggestions = turn.answer?.suggestions ?? []
  if (suggestions.length === 0) return null
  return (
    <div className="suggestions" role="group" aria-label={label}>
      <span className="suggestions-label">{label}</span>
      {suggestions.map((suggestion) => (
        <button type="button" className="chip" key={suggestion} disabled={busy} onClick={() => onAsk(suggestion)}>
          {suggestion}
        </button>
      ))}
    </div>
  )
}
