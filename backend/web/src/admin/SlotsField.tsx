import type { ReactNode } from 'react'

import { Icon } from '../icons'
import { freeName, SLOT_TYPES } from './form'
import type { Slot } from './types'

interface SlotsFieldProps {
  slots: Slot[]
  readOnly: boolean
  onChange: (slots: Slot[]) => void
  children?: ReactNode
}

/** What stands in braces in the question and is a parameter of the query. */
export function SlotsField({ slots, readOnly, onChange, children }: SlotsFieldProps) {
  const change = (index: number, part: Partial<Slot>) =>
    onChange(slots.map((slot, at) => (at === index ? { ...slot, ...part } : slot)))
  return (
    <>
      <span className="fields-label" id="slots-label">자리</span>
      <div className="slots" role="group" aria-labelledby="slots-label">
        {slots.map((slot, index) => (
          <div className="slot" key={index}>
            <input
              className="field" aria-label={`자리 ${index + 1}의 이름`} value={slot.name} readOnly={readOnly} maxLength={31}
              onChange={(event) => change(index, { name: event.target.value })}
            />
            <select
              className="field" aria-label={`자리 ${index + 1}의 종류`} value={slot.type} disabled={readOnly}
              onChange={(event) => change(index, { type: event.target.value })}
            >
              {Object.entries(SLOT_TYPES).map(([type, label]) => (
                <option key={type} value={type}>{label}</option>
              ))}
            </select>
            {!readOnly && (
              <button
                type="button" className="button quiet square" aria-label={`자리 ${slot.name} 지우기`}
                onClick={() => onChange(slots.filter((_, at) => at !== index))}
              >
                <Icon name="trash" size={16} />
              </button>
            )}
          </div>
        ))}
        {!readOnly && (
          <div className="slots-actions">
            {children}
            <button
              type="button" className="button quiet" onClick={() => onChange([...slots, { name: freeName('etf', slots), type: 'etf' }])}
            >
              <Icon name="plus" size={16} />
              자리 더하기
            </button>
          </div>
        )}
        {readOnly && slots.length === 0 && <p className="empty">없음</p>}
      </div>
    </>
  )
}
