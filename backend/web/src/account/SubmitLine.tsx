import type { ReactNode } from 'react'

import type { Submit } from './useSubmit'
import { waitWords } from './wait'

interface SubmitLineProps {
  of: Submit
  label: string
  busyLabel: string
  /** How the button looks beside other ones. */
  tone?: 'primary' | 'danger' | ''
  disabled?: boolean
  children?: ReactNode
}

/** The button that sends a form; where the server wants a pause it counts that down. */
export function SubmitLine({ of: { busy, wait, problem }, label, busyLabel, tone = 'primary', disabled = false, children }: SubmitLineProps) {
  const limited = problem?.status === 429
  return (
    <>
      <div className="submit-line">
        <button type="submit" className={`button ${tone}`} disabled={busy || wait > 0 || disabled}>
          {wait > 0 ? `${waitWords(wait)} 뒤에 다시` : busy ? busyLabel : label}
        </button>
        {children}
      </div>
      <p className="for-screen-readers" role="status">
        {limited && wait === 0 && '이제 다시 시도할 수 있습니다.'}
      </p>
    </>
  )
}

/** Why a form could not be sent, where no field is to blame. */
export function Complaint({ of: { problem, wait }, hidden = false }: { of: Submit; hidden?: boolean }) {
  // A pause that is over is nothing to complain about.
  const over = problem?.status === 429 && wait === 0
  return (
    <div className="complaint-place" role="alert">
      {problem && !hidden && !over && (
        <p className="account-complaint">
          {problem.message}
          {problem.advice && <span> {problem.advice}</span>}
        </p>
      )}
    </div>
  )
}
