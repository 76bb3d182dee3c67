import { Icon } from '../icons'
import type { Branch } from './types'

interface BranchesFieldProps {
  label: string
  branches: Branch[]
  readOnly: boolean
  placeholder: string
  onChange: (branches: Branch[]) => void
}

/** The texts of an answer, each with the condition under which it is said; the first that holds is taken. */
export function BranchesField({ label, branches, readOnly, placeholder, onChange }: BranchesFieldProps) {
  const shown = branches.length > 0 ? branches : [{ text: '', when: '' }]
  const change = (index: number, part: Partial<Branch>) =>
    onChange(shown.map((branch, at) => (at === index ? { ...branch, ...part } : branch)))
  return (
    <>
      <span className="fields-label">{label}</span>
      <div className="branches" role="group" aria-label={label}>
        {shown.map((branch, index) => (
          <div className="branch" key={index}>
            {(shown.length > 1 || branch.when) && (
              <input
                className="field" aria-label={`${label} ${index + 1}의 조건`} value={branch.when} readOnly={readOnly}
                placeholder="조건: count == 1 (비우면 언제나)" onChange={(event) => change(index, { when: event.target.value })}
              />
            )}
            <textarea
              className="field" rows={2} aria-label={shown.length > 1 ? `${label} ${index + 1}` : label} value={branch.text}
              readOnly={readOnly} placeholder={placeholder} onChange={(event) => change(index, { text: event.target.value })}
            />
          </div>
        ))}
        {!readOnly && (
          <button type="button" className="button small" onClick={() => onChange([{ text: '', when: 'count == 1' }, ...shown])}>
            <Icon name="plus" size={15} />
            조건이 있는 답 더하기
          </button>
        )}
      </div>
    </>
  )
}
