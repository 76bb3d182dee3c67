interface SuggestionsProps {
  suggestions: string[]
  label: string
  busy: boolean
  onAsk: (question: string) => void
}

/** Questions that are asked by a click. */
export function Suggestions({ suggestions, label, busy, onAsk }: SuggestionsProps) {
  if (suggestions.length === 0) return null
  return (
    <div className="suggestions" role="group" aria-label={label}>
      <span className="suggestions-label">{label}</span>
      {suggestions.map((suggestion) => (
        <button type="button" className="chip" key={suggestion} disabled={busy} onClick={() => onAsk(suggestion)}>
          {suggestion}
        </button>
      ))}
    </div>
  )
}
