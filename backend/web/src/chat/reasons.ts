// What can be wrong with an answer, as the page offers it and as it is stored: "답이 틀려요: 비중이 달라요".

export const OTHER = '기타'
export const REASONS = ['답이 틀려요', '질문을 잘못 이해했어요', '너무 느려요', OTHER]
export const REASON_LIMIT = 500

/** The reason to store; null where nothing was chosen and nothing written. */
export function reason(chosen: string | null, words: string): string | null {
  const text = words.trim()
  const whole = chosen === null || (chosen === OTHER && text) ? text : text ? `${chosen}: ${text}` : chosen
  return whole.slice(0, REASON_LIMIT) || null
}

/** What was chosen and written of a stored reason. */
export function parts(stored: string | null): { chosen: string | null; words: string } {
  if (!stored) return { chosen: null, words: '' }
  const chosen = REASONS.find((offered) => stored === offered || stored.startsWith(`${offered}: `))
  return chosen ? { chosen, words: stored.slice(chosen.length + 2) } : { chosen: OTHER, words: stored }
}
