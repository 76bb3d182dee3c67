import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react'

import { ComplaintNotice } from './ComplaintNotice'
import { type Complaint, useAdmin } from './context'

interface ConfirmProps {
  title: string
  /** What the button that does it says. */
  label: string
  tone?: 'primary' | 'danger'
  /** What happens, to whom. */
  children: ReactNode
  onClose: () => void
  /** Does it; a failure is told in the dialog. */
  onConfirm: () => Promise<void>
}

/** Asks before something is done that cannot be undone with a click. Escape and 취소 leave everything as it is. */
export function Confirm({ title, label, tone = 'danger', children, onClose, onConfirm }: ConfirmProps) {
  const { complaint } = useAdmin()
  const dialog = useRef<HTMLDialogElement>(null)
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState<Complaint | null>(null)
  const heading = useId()

  useLayoutEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    return () => shown?.close()
  }, [])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setFailed(null)
    onConfirm().then(onClose, (error: unknown) => {
      setFailed(complaint(error))
      setBusy(false)
    })
  }

  return (
    <dialog
      ref={dialog} className="confirm" aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <form className="confirm-body" onSubmit={submit}>
        <h3 id={heading}>{title}</h3>
        {children}
        <ComplaintNotice complaint={failed} />
        <div className="confirm-actions">
          <button type="button" className="button" onClick={onClose} autoFocus>
            취소
          </button>
          <button type="submit" className={`button ${tone}`} disabled={busy}>
            {label}
          </button>
        </div>
      </form>
    </dialog>
  )
}
