import { CypherFold } from '../cypher/CypherFold'
import { Icon } from '../icons'
import { DataTable } from '../table/DataTable'
import { AnswerText } from './AnswerText'
import type { Turn } from './conversation'
import { Evidence } from './Evidence'
import { FeedbackBar } from './FeedbackBar'
import type { Decision } from './proposal'
import { ProposalCard } from './ProposalCard'
import type { Feedback } from './protocol'
import { Steps } from './Steps'
import { Suggestions } from './Suggestions'

export interface TurnActions {
  ask: (question: string) => void
  retry: (turn: Turn) => void
  /** Null where no model is configured. */
  askModel: ((turn: Turn) => void) | null
  judge: (turn: Turn, feedback: Feedback | null) => Promise<void>
  decided: (turn: Turn, decision: Decision) => void
}

interface TurnViewProps {
  turn: Turn
  /** Only the last turn offers what to ask next. */
  last: boolean
  busy: boolean
  actions: TurnActions
}

export function TurnView({ turn, last, busy, actions }: TurnViewProps) {
  const { answer } = turn
  const status = answer?.status ?? 'answered'
  const tables = answer?.tables ?? turn.tables
  const running = turn.phase === 'running'
  const offers = { suggestions: answer?.suggestions ?? [], busy, onAsk: actions.ask }
  const retry = (
    <button type="button" className="button" disabled={busy} onClick={() => actions.retry(turn)}>
      <Icon name="retry" size={16} />
      다시 시도
    </button>
  )
  return (
    <article className="turn" data-phase={turn.phase} data-status={answer?.status} data-link={turn.link}>
      <h2 className="question">
        <span className="for-screen-readers">질문: </span>
        {turn.question}
        {turn.byModel && <span className="question-note">AI 모델에게 다시 물음</span>}
      </h2>
      <div className="answer" aria-busy={running}>
        <Steps turn={turn} />
        {turn.text ? (
          <div className={`answer-text${status === 'answered' ? '' : ` notice ${status}`}`}>
            {status !== 'answered' && <NoticeHead status={status} />}
            <div className={running ? 'prose writing' : 'prose'}>
              <AnswerText text={turn.text} />
            </div>
            {status === 'clarify' && <Suggestions {...offers} label="고르기" />}
            {status === 'refused' && <Suggestions {...offers} label="대신 물어볼 수 있는 것" />}
            {status === 'failed' && <p className="notice-actions">{retry}</p>}
          </div>
        ) : (
          // Room for the text that comes above a table that is there already.
          running && tables.length > 0 && <div className="prose awaited" aria-hidden="true" />
        )}
        {tables.map((table, index) => (
          <DataTable key={index} table={table} />
        ))}
        {answer?.proposal && !running && (
          <ProposalCard
            proposal={answer.proposal} runId={turn.id} decision={turn.decision} onDecided={(decision) => actions.decided(turn, decision)}
          />
        )}
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
        {turn.link === 'reconnecting' && (
          <p className="reconnecting">
            <span className="spinner" />
            다시 연결하는 중…
          </p>
        )}
        {answer && <CypherFold queries={answer.cypher} />}
        {answer && <Evidence answer={answer} />}
        {answer && !running && (
          <div className="answer-actions">
            <FeedbackBar turnId={turn.id} feedback={turn.feedback} onJudge={(feedback) => actions.judge(turn, feedback)} />
            {actions.askModel && answer.source !== 'model' && (
              <button type="button" className="button small" disabled={busy} onClick={() => actions.askModel?.(turn)}>
                <Icon name="model" size={15} />
                AI 모델에게 다시 묻기
              </button>
            )}
          </div>
        )}
        {last && status === 'answered' && <Suggestions {...offers} label="이어서 물어보기" />}
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
