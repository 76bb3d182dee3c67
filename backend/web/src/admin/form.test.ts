import { expect, it } from 'vitest'

import { formOf, freeName, generalised, same, stored } from './form'
import type { Example } from './types'

const EXAMPLE: Example = {
  id: 'feedback-1', status: 'candidate', source: 'feedback', turn_id: 1, created_at: '', updated_at: '', question: 'KODEX 200 보수는?',
  paraphrases: [], graph: 'etf_graph', cypher: "MATCH (e:ETF {code: '069500'}) RETURN e.fee", slots: [], title: '', answer: [],
  answer_empty: [], suggestions: [], trial: '',
}

it('is the same until something that is stored differs', () => {
  const form = formOf(EXAMPLE)
  expect(same(form, { ...form, paraphrases: ['', ' '], question: `${form.question} ` })).toBe(true)
  expect(same(form, { ...form, slots: [{ name: 'etf', type: 'etf' }] })).toBe(false)
  expect(same({ ...form, slots: [{ name: 'n', type: 'n', default: null }] }, { ...form, slots: [{ type: 'n', name: 'n' }] })).toBe(true)
})

it('sends no empty lines', () => {
  const form = { ...formOf(EXAMPLE), paraphrases: [' KODEX 200 수수료 ', ''], answer: [{ text: ' ', when: '' }] }
  expect(stored(form)).toMatchObject({ paraphrases: ['KODEX 200 수수료'], answer: [] })
})

it('keeps the question that was asked as the one to try it with', () => {
  const result = { question: '{etf} 보수는?', graph: 'etf_graph' as const, cypher: 'MATCH', slots: [{ name: 'etf', type: 'etf' }], unplaced: [] }
  expect(generalised(formOf(EXAMPLE), result)).toMatchObject({ question: '{etf} 보수는?', trial: 'KODEX 200 보수는?' })
  expect(generalised({ ...formOf(EXAMPLE), trial: '다른 질문' }, result).trial).toBe('다른 질문')
})

it('names a second slot of one type apart', () => {
  expect(freeName('etf', [])).toBe('etf')
  expect(freeName('etf', [{ name: 'etf', type: 'etf' }])).toBe('etf2')
  expect(freeName('amount_krw', [])).toBe('amount')
})
