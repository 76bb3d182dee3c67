import { memo } from 'react'
import Markdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'

const COMPONENTS: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  // An image's address would be fetched, and could carry away what was said.
  img: ({ alt }) => <>{alt}</>,
  table: ({ children }) => (
    <div className="table-scroll">
      <table className="plain-table">{children}</table>
    </div>
  ),
}

/** The answer's Markdown. HTML in it stays text. */
export const AnswerText = memo(function AnswerText({ text }: { text: string }) {
  return (
    <Markdown remarkPlugins={[remarkGfm]} components={COMPONENTS}>
      {text}
    </Markdown>
  )
})
