import type { ReactNode } from 'react'

import type { Answer } from './useAnswer'

interface SectionProps<T> {
  title: string
  answer: Answer<T>
  /** What stands beside the title. */
  tools?: ReactNode
  children: (value: T) => ReactNode
}

/** A part of the page with its own answer of the server; one that fails leaves the others alone. */
export function Section<T>({ title, answer, tools, children }: SectionProps<T>) {
  return (
    <section className="etf-section" aria-label={title}>
      <div className="etf-section-head">
        <h3>{title}</h3>
        {tools}
      </div>
      {answer.state === 'loading' && <p className="etf-note" role="status">불러오는 중…</p>}
      {answer.state === 'none' && <p className="etf-note">{answer.detail}</p>}
      {answer.state === 'failed' && <p className="etf-note" role="alert">{answer.detail}</p>}
      {answer.state === 'ready' && children(answer.value)}
    </section>
  )
}
