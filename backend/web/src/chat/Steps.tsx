import { useEffect, useState } from 'react'

import { Icon } from '../icons'
import { duration } from '../table/format'
import type { Step, Turn } from './conversation'
import { Pattern } from './Pattern'

/** What the agent is doing: live until the first words of the answer, folded away from then on, so that these stay in place. */
export function Steps({ turn }: { turn: Turn }) {
  if (turn.phase === 'running' && !turn.text) {
    return (
      <ol className="steps live" aria-label="진행 과정">
        {turn.steps.map((step) => (
          <StepLine key={`${step.id}-${step.startedAt}`} step={step} />
        ))}
        {turn.steps.every((step) => step.finishedAt !== null) && (
          <li className="step">
            <span className="step-mark">
              <span className="spinner" />
            </span>
            <span className="step-label">{turn.steps.length === 0 ? '질문을 읽는 중' : '답을 정리하는 중'}</span>
          </li>
        )}
      </ol>
    )
  }
  if (turn.steps.length === 0) return null
  const running = turn.steps.find((step) => step.finishedAt === null)
  const first = Math.min(...turn.steps.map((step) => step.startedAt))
  const last = Math.max(...turn.steps.map((step) => step.finishedAt ?? step.startedAt))
  return (
    <details className="steps-fold">
      <summary>
        <Icon name="chevron" size={15} />
        과정 {turn.steps.length}단계 · {running ? running.label : duration(last - first)}
      </summary>
      <ol className="steps">
        {turn.steps.map((step) => (
          <StepLine key={`${step.id}-${step.startedAt}`} step={step} />
        ))}
      </ol>
    </details>
  )
}

function StepLine({ step }: { step: Step }) {
  const running = step.finishedAt === null
  return (
    <li className={running ? 'step' : 'step done'}>
      <span className="step-mark">{running ? <span className="spinner" /> : <Icon name="check" size={14} />}</span>
      <span className="step-label"><Pattern question={step.outcome ?? step.label} /></span>
      <span className="step-time">{running ? <Elapsed since={step.startedAt} /> : duration(step.finishedAt! - step.startedAt)}</span>
    </li>
  )
}

function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 100)
    return () => clearInterval(timer)
  }, [])
  return duration(now - since)
}
