import { type FormEvent, useEffect, useRef, useState } from 'react'

import { OTHER, parts, reason, REASON_LIMIT, REASONS } from './reasons'

interface ReasonFormProps {
  /** Tells the choices of one answer from those of another. */
  name: string
  stored: string | null
  busy: boolean
  onSend: (reason: string | null) => void
  onClose: () => void
}

/** Asks what was wrong with an answer: offered reasons, and words of one's own. */
export function ReasonForm({ name, stored, busy, onSend, onClose }: ReasonFormProps) {
  const [chosen, setChosen] = useState(() => parts(stored).chosen)
  const [words, setWords] = useState(() => parts(stored).words)
  const said = reason(chosen, words)
  const form = useRef<HTMLFormElement>(null)

  useEffect(() => {
    form.current?.scrollIntoView({ block: 'nearest' })
  }, [])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (said && !busy) onSend(said)
  }

  return (
    <form ref={form} className="reasons" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <fieldset>
        <legend>무엇이 아쉬웠나요?</legend>
        <div className="reasons-offered">
          {REASONS.map((offered) => (
            <label className="choice" key={offered}>
              <input type="radio" name={name} value={offered} checked={chosen === offered} onChange={() => setChosen(offered)} />
              <span>{offered}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <textarea
        className="field" rows={2} maxLength={REASON_LIMIT - 20} value={words} aria-label="자세한 이유"
        placeholder={chosen === OTHER ? '무엇이 아쉬웠는지 적어 주세요' : '더 알려 주실 것이 있나요? (선택)'}
        onChange={(event) => setWords(event.target.value)}
      />
      <div className="reasons-actions">
        <button type="submit" className="button primary" disabled={!said || busy}>
          보내기
        </button>
        <button type="button" className="button quiet" onClick={onClose}>
          닫기
        </button>
      </div>
    </form>
  )
}
