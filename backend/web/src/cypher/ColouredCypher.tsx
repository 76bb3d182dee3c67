import { tokens } from './tokens'

export function ColouredCypher({ text }: { text: string }) {
  return tokens(text).map(({ kind, text: piece }, position) =>
    kind === 'plain' ? piece : <span className={`cypher-${kind}`} key={position}>{piece}</span>,
  )
}
