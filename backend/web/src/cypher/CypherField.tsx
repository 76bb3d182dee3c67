import { ColouredCypher } from './ColouredCypher'

interface CypherFieldProps {
  id: string
  value: string
  readOnly: boolean
  onChange: (value: string) => void
}

/** A text area whose Cypher is coloured: the text itself is transparent, and lies over its coloured copy. */
export function CypherField({ id, value, readOnly, onChange }: CypherFieldProps) {
  return (
    <div className="cypher-field">
      <pre aria-hidden="true">
        <ColouredCypher text={value} />
        {/* A last empty line has no height without this. */}
        {'\n'}
      </pre>
      <textarea
        id={id} value={value} readOnly={readOnly} spellCheck={false} autoComplete="off" autoCapitalize="off"
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  )
}
