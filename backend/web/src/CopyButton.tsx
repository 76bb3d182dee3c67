import { useEffect, useState } from 'react'

import { copy } from './clipboard'
import { Icon } from './icons'

/** Copies what `text` gives when it is pressed, and says whether that worked. */
export function CopyButton({ text, label }: { text: () => string; label: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | null>(null)
  useEffect(() => {
    if (!outcome) return
    const timer = setTimeout(() => setOutcome(null), 2000)
    return () => clearTimeout(timer)
  }, [outcome])
  const press = () =>
    copy(text()).then(
      () => setOutcome('copied'),
      (error: unknown) => {
        console.warn(error)
        setOutcome('refused')
      },
    )
  return (
    <button type="button" className="button small" onClick={() => void press()} aria-label={label}>
      <Icon name={outcome === 'copied' ? 'check' : 'copy'} size={15} />
      <span aria-live="polite">{outcome === 'copied' ? '복사됨' : outcome === 'refused' ? '복사 실패' : '복사'}</span>
    </button>
  )
}
