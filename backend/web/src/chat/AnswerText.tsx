import { memo } from 'react'
import Markdown, { type Components } from 'react-markdown'
import remarkCjkFriendly from 'remark-cjk-friendly'
import remarkGfm from 'remark-gfm'

const COMPONENTS: Components = {
  // A place of this page opens here: `/watchlist`, and not `//elsewhere`.
  a: ({ href, children }) =>
    href && /^\/(?![/\\])/.test(href) ? (
      <a href={href}>{children}</a>
    ) : (
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

// Plain Markdown leaves the asterisks of **0.15%**입니다 standing, because a Korean particle follows them without a space.
const PLUGINS = [remarkGfm, remarkCjkFriendly]

/** The answer's Markdown. HTML in it stays text. */
export const AnswerText = memo(function AnswerText({ text }: { text: string }) {
  return (
    <Markdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {text}
    </Markdown>
  )
})
