import { useState } from 'react'

import { told } from '../http'
import { Icon } from '../icons'
import type { Feedback } from './protocol'
import { ReasonForm } from './ReasonForm'

interface FeedbackBarProps {
  turnId: string
  feedback: Feedback | null
  onJudge: (feedback: Feedback | null) => Promise<void>
}

/** 👍 and 👎 under an answer; pressing the pressed one takes it back. */
export function FeedbackBar({ turnId, feedback, onJudge }: FeedbackBarProps) {
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const [said, setSaid] = useState<string | null>(null)
  const verdict = feedback?.verdict ?? null

  const judge = async (next: Feedback | null, message: string) => {
    setBusy(true)
    try {
      await onJudge(next)
      setSaid(message)
      return true
    } catch (error) {
      setSaid(told(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  const press = async (pressed: 'up' | 'down') => {
    if (busy) return
    if (verdict === pressed) {
      setAsking(false)
      await judge(null, '평가를 거두었습니다.')
    } else {
      const kept = await judge({ verdict: pressed, reason: null }, '평가해 주셔서 고맙습니다.')
      setAsking(kept && pressed === 'down')
    }
  }
  const explain = async (reason: string | null) => {
    if (await judge({ verdict: 'down', reason }, '의견을 남겼습니다. 고맙습니다.')) setAsking(false)
  }

  return (
    <div className="feedback">
      <div className="feedback-buttons" role="group" aria-label="답변 평가">
        <button
          type="button" className="button small square" aria-pressed={verdict === 'up'} aria-label="도움이 됐어요" title="도움이 됐어요"
          onClick={() => void press('up')}
        >
          <Icon name="thumbUp" size={17} />
        </button>
        <button
          type="button" className="button small square" aria-pressed={verdict === 'down'} aria-label="아쉬워요" title="아쉬워요"
          onClick={() => void press('down')}
        >
          <Icon name="thumbDown" size={17} />
        </button>
        <span className="feedback-said" role="status">{said}</span>
        {verdict === 'down' && !asking && (
          <button type="button" className="feedback-reason" onClick={() => setAsking(true)}>
            {feedback?.reason ? `이유: ${feedback.reason}` : '이유 알려 주기'}
          </button>
        )}
      </div>
      {asking && verdict === 'down' && (
        <ReasonForm
          name={`reason-${turnId}`} stored={feedback?.reason ?? null} busy={busy} onSend={(reason) => void explain(reason)}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  )
}
