import { type InputHTMLAttributes, type ReactNode, type Ref, useId, useState } from 'react'

import { Icon } from '../icons'

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'onChange' | 'value'> {
  label: string
  value: string
  onValue: (value: string) => void
  /** What is wrong with it, for people. */
  error?: string | null | undefined
  /** What to put in, said before anything is wrong. */
  hint?: ReactNode
  ref?: Ref<HTMLInputElement>
}

/** A labelled line to type in; what is wrong with it stands below it and is read out. */
export function Field({ label, error, hint, ...input }: FieldProps) {
  const id = useId()
  return (
    <div className="account-field">
      <label htmlFor={id}>{label}</label>
      <Line id={id} error={error} hinted={hint !== undefined} {...input} />
      <Notes id={id} error={error} hint={hint} />
    </div>
  )
}

/** A field for a password, which can be shown. */
export function PasswordField({ label, error, hint, ...input }: FieldProps) {
  const id = useId()
  const [shown, setShown] = useState(false)
  return (
    <div className="account-field">
      <label htmlFor={id}>{label}</label>
      <div className="password-line">
        <Line
          id={id} error={error} hinted={hint !== undefined} {...input} type={shown ? 'text' : 'password'} spellCheck={false}
          autoCapitalize="none" autoCorrect="off"
        />
        <button
          type="button" className="button quiet square" aria-pressed={shown} aria-label={`${label} 보기`}
          title={shown ? '비밀번호 숨기기' : '비밀번호 보기'} onClick={() => setShown(!shown)}
        >
          <Icon name={shown ? 'eyeOff' : 'eye'} />
        </button>
      </div>
      <Notes id={id} error={error} hint={hint} />
    </div>
  )
}

interface LineProps extends Omit<FieldProps, 'label' | 'hint' | 'error'> {
  id: string
  hinted: boolean
  error: string | null | undefined
}

function Line({ id, error, hinted, value, onValue, ...input }: LineProps) {
  const described = [error && `${id}-error`, hinted && `${id}-hint`].filter(Boolean).join(' ')
  return (
    <input
      {...input} id={id} className="field" value={value} onChange={(event) => onValue(event.target.value)}
      aria-invalid={error ? true : undefined} aria-describedby={described || undefined}
    />
  )
}

function Notes({ id, error, hint }: { id: string; error: string | null | undefined; hint: ReactNode }) {
  return (
    <>
      <div className="field-error" id={`${id}-error`} role="alert">
        {error && (
          <>
            <Icon name="alert" size={15} />
            <span>{error}</span>
          </>
        )}
      </div>
      {hint !== undefined && (
        <div className="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
    </>
  )
}
