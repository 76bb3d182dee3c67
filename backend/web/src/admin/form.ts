// An example as it is edited.

import type { Branch, Example, ExampleForm, Generalised, Slot } from './types'

export const SLOT_TYPES: Record<string, string> = {
  etf: 'ETF', stock: '종목', company: '운용사', tag: '테마', index: '지수', industry: '업종', date: '날짜', period: '기간', n: '개수',
  percent: '퍼센트', amount_krw: '금액(원)',
}

export function formOf(example: Example): ExampleForm {
  const { question, paraphrases, graph, cypher, slots, title, answer, answer_empty, suggestions, trial } = example
  return { question, paraphrases, graph, cypher, slots, title, answer, answer_empty, suggestions, trial }
}

/** The form after names have become slots; the question as it was asked stays the one that it is tried with. */
export function generalised(form: ExampleForm, result: Generalised): ExampleForm {
  const { question, graph, cypher, slots } = result
  return { ...form, question, graph, cypher, slots, trial: form.trial || form.question }
}

/** Whether two forms would be stored alike. */
export function same(one: ExampleForm, other: ExampleForm): boolean {
  return JSON.stringify(stored(one)) === JSON.stringify(stored(other))
}

/** The form as it is sent: without empty lines. */
export function stored(form: ExampleForm): ExampleForm {
  const lines = (texts: string[]) => texts.map((text) => text.trim()).filter(Boolean)
  const branches = (given: Branch[]) => given.filter(({ text }) => text.trim())
  return {
    ...form,
    question: form.question.trim(),
    paraphrases: lines(form.paraphrases),
    slots: form.slots.map(slot),
    answer: branches(form.answer),
    answer_empty: branches(form.answer_empty),
    suggestions: lines(form.suggestions),
    trial: form.trial.trim(),
  }
}

/** A slot with every field, in one order. */
function slot({ name, type, default: value = null, minimum = null, maximum = null, operator = '' }: Slot): Slot {
  return { name: name.trim(), type, default: value, minimum, maximum, operator }
}

/** The next free name of a slot of a type: etf, then etf2. */
export function freeName(type: string, slots: Slot[]): string {
  const base = type === 'amount_krw' ? 'amount' : type
  const taken = new Set(slots.map(({ name }) => name))
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}${number}`
    if (!taken.has(name)) return name
  }
}
