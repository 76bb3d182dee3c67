import { type KeyboardEvent, type RefObject, useLayoutEffect, useState } from 'react'

import { Icon } from '../icons'

/** The server refuses longer questions. */
const QUESTION_LIMIT = 2_000
const COUNT_FROM = 1_800

interface ComposerProps {
  field: RefObject<HTMLTextAreaElement | null>
  running: boolean
  onSend: (question: string) => void
  onStop: () => void
}

export function Composer({ field, running, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState('')
  const question = text.trim()

  useLayoutEffect(() => {
    const area = field.current
    if (!area) return
    area.style.height = 'auto'
    area.style.height = `${area.scrollHeight}px`
  }, [field, text])

  const send = () => {
    if (!question || running) return
    onSend(question)
    setText('')
  }

  const onKeyDown = (event: KeyboardEvent) => {
    // While a Korean syllable is being composed, Enter ends the syllable; key code 229 is how Safari says so.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    } else if (event.key === 'Escape' && running) {
      onStop()
    }
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <div className="composer-box">
        <textarea
          ref={field} id="question" className="composer-field" rows={1} value={text} maxLength={QUESTION_LIMIT}
          aria-label="질문" aria-describedby="composer-hint" placeholder="ETF에 대해 물어보세요" enterKeyHint="send"
          autoComplete="off" onChange={(event) => setText(event.target.value)} onKeyDown={onKeyDown}
        />
        {text.length >= COUNT_FROM && (
          <span className="composer-count" role="status">
            {text.length.toLocaleString('ko-KR')} / {QUESTION_LIMIT.toLocaleString('ko-KR')}자
          </span>
        )}
        {running ? (
          <button type="button" className="composer-button stop" onClick={onStop} aria-label="답변 멈추기" title="멈추기 (Esc)">
            <Icon name="stop" size={20} />
          </button>
        ) : (
          <button type="submit" className="composer-button" disabled={!question} aria-label="질문 보내기" title="보내기 (Enter)">
            <Icon name="send" size={20} />
          </button>
        )}
      </div>
      <p className="composer-hint" id="composer-hint">
        <span className="keyboard-only">Enter로 보내고 Shift+Enter로 줄을 바꿉니다 · </span>
        공개된 자료로 답하며 투자 조언이 아닙니다
      </p>
    </form>
  )
}
