import { expect, it } from 'vitest'

import { tokens } from './tokens'

const QUERY = "MATCH (e:ETF)-[h:HOLDS]->(s) WHERE s.name = 'MATCH // \\' x' // comment\nRETURN e.`이름` LIMIT $n"

it('keeps the text whole', () => {
  expect(tokens(QUERY).map(({ text }) => text).join('')).toBe(QUERY)
})

it('tells keywords from the same words inside strings and comments', () => {
  const found = tokens(QUERY)
  expect(found.filter(({ kind }) => kind === 'keyword').map(({ text }) => text)).toEqual(['MATCH', 'WHERE', 'RETURN', 'LIMIT'])
  expect(found.find(({ kind }) => kind === 'string')?.text).toBe("'MATCH // \\' x'")
  expect(found.find(({ kind }) => kind === 'comment')?.text).toBe('// comment')
  expect(found.filter(({ kind }) => kind === 'label').map(({ text }) => text)).toEqual(['ETF', 'HOLDS'])
  expect(found.find(({ kind }) => kind === 'parameter')?.text).toBe('$n')
})
