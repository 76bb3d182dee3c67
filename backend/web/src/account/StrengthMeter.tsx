import { LEAST, strength } from './strength'

/** How long a new password has to be, and how hard it is to guess; said before it is sent. */
export function StrengthMeter({ password, own }: { password: string; own: string[] }) {
  const length = [...password].length
  const { level, word } = strength(password, own)
  const missing = LEAST - length
  return (
    <span className="strength" data-level={level}>
      <span className="strength-bars" aria-hidden="true">
        {[1, 2, 3, 4].map((step) => (
          <span key={step} data-on={level >= step || undefined} />
        ))}
      </span>
      <span aria-live="polite">
        {length === 0 ? `${LEAST}자 이상. 여러 낱말을 이어 쓰면 외우기 쉽고 강합니다.` : missing > 0 ? `${missing}자 더 필요합니다.` : `강도: ${word}`}
      </span>
    </span>
  )
}
