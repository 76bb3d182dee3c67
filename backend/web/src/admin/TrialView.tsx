import { AnswerText } from '../chat/AnswerText'
import { DataTable } from '../table/DataTable'
import { duration } from '../table/format'
import type { Trial } from './types'

/** What an example answers to the question it was tried with. */
export function TrialView({ trial }: { trial: Trial }) {
  const parameters = Object.entries(trial.parameters)
  return (
    <section className="trial" aria-label="실행 결과">
      <p className={trial.matches ? 'trial-match' : 'trial-match not'}>
        {trial.matches ? '이 질문은 이 예시로 답하게 됩니다.' : '이 질문은 이 예시의 문장으로 읽히지 않습니다. 질문 문장이나 자리를 고쳐 주세요.'}
        <span className="trial-time"> {duration(trial.elapsed_ms)}</span>
      </p>
      {parameters.length > 0 && (
        <p className="trial-parameters">
          {parameters.map(([name, value]) => (
            <code key={name}>
              ${name} = {JSON.stringify(value)}
            </code>
          ))}
        </p>
      )}
      <div className="prose">
        <AnswerText text={trial.answer} />
      </div>
      <DataTable key={JSON.stringify(trial.parameters)} table={{ title: trial.title, columns: trial.columns, rows: trial.rows, truncated: trial.truncated }} />
    </section>
  )
}
