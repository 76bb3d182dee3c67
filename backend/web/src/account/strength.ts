// How hard a new password is to guess: an estimate for the person who is choosing it. The server decides what it takes.

/** Fewest and most characters, as backend/accounts/users.py has them. */
export const LEAST = 10
export const MOST = 200

export interface Strength {
  /** From 0, nothing, to 4. */
  level: 0 | 1 | 2 | 3 | 4
  word: string
}

const WORDS = ['', '아주 약함', '약함', '괜찮음', '강함'] as const
/** Bits of guessing from which on each level is reached. */
const BITS = [1, 36, 52, 72]
/** What guessers try first; each counts as one character. */
const COMMON =
  /password|passw0rd|qwerty|qwer|asdf|zxcv|abcd|iloveyou|letmein|welcome|admin|monkey|dragon|korea|samsung|비밀번호|사랑해|dkssud|1q2w3e4r|q1w2e3r4/g

/** An estimate by length and variety, in which repetitions, rows of digits, common words and one's own address count little. */
export function strength(password: string, own: string[] = []): Strength {
  let text = password.toLowerCase()
  for (const word of own.flatMap((part) => part.toLowerCase().split(/[@.\s]+/))) if (word.length >= 4) text = text.replaceAll(word, '\u0001')
  text = text.replace(COMMON, '\u0001')
  const bits = telling(text) * Math.log2(pool(password))
  const level = BITS.filter((least) => bits >= least).length as Strength['level']
  const capped = password.length < LEAST ? (Math.min(level, 1) as Strength['level']) : level
  return { level: capped, word: WORDS[capped] }
}

/** The characters that do not follow from the one before: not the same, nor the next of a row. */
function telling(text: string): number {
  const codes = [...text].map((character) => character.codePointAt(0) ?? 0)
  return codes.filter((code, index) => index === 0 || Math.abs(code - (codes[index - 1] ?? 0)) > 1).length
}

function pool(text: string): number {
  const sizes: [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/, 20],
    [/[^\x20-\x7e]/, 200],
  ]
  return Math.max(2, sizes.reduce((sum, [form, size]) => sum + (form.test(text) ? size : 0), 0))
}

/** What is wrong with a new password that is about to be sent; null where nothing is. */
export function passwordError(password: string): string | null {
  const length = [...password].length
  if (length < LEAST) return length === 0 ? '비밀번호를 입력해 주세요.' : `비밀번호는 ${LEAST}자 이상이어야 합니다. 지금은 ${length}자입니다.`
  return length > MOST ? `비밀번호는 ${MOST}자까지입니다. 지금은 ${length}자입니다.` : null
}

/** What is wrong with an e-mail address that is about to be sent; null where nothing obvious is. */
export function emailError(email: string): string | null {
  const given = email.trim()
  if (!given) return '이메일 주소를 입력해 주세요.'
  return /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(given) ? null : '이메일 주소를 확인해 주세요. 예: name@example.com'
}
