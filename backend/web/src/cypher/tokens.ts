export type TokenKind = 'keyword' | 'string' | 'number' | 'parameter' | 'label' | 'comment' | 'plain'

export interface Token {
  kind: TokenKind
  text: string
}

const KEYWORDS = new Set(
  (
    'MATCH OPTIONAL WHERE RETURN WITH ORDER BY LIMIT SKIP AS AND OR NOT XOR IN IS NULL DESC ASC DISTINCT UNWIND UNION ALL ' +
    'CASE WHEN THEN ELSE END EXISTS COUNT CONTAINS STARTS ENDS TRUE FALSE COLLECT SUM AVG MIN MAX HEAD SIZE'
  ).split(' '),
)

const PATTERN =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)|(?<parameter>\$\w+)|(?<label>(?<=:\s?)[\p{L}_]\w*)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<number>\d+(?:\.\d+)?)/gu

/** Cypher cut into coloured pieces; the pieces joined are the text. */
export function tokens(cypher: string): Token[] {
  const found: Token[] = []
  let end = 0
  for (const match of cypher.matchAll(PATTERN)) {
    if (match.index > end) found.push({ kind: 'plain', text: cypher.slice(end, match.index) })
    found.push({ kind: kind(match), text: match[0] })
    end = match.index + match[0].length
  }
  if (end < cypher.length) found.push({ kind: 'plain', text: cypher.slice(end) })
  return found
}

function kind({ groups, 0: text }: RegExpMatchArray): TokenKind {
  if (groups?.comment) return 'comment'
  if (groups?.string) return 'string'
  if (groups?.parameter) return 'parameter'
  if (groups?.label) return 'label'
  if (groups?.number) return 'number'
  return KEYWORDS.has(text.toUpperCase()) ? 'keyword' : 'plain'
}
