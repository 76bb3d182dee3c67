import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'

import { Icon } from './icons'

interface DrawerProps {
  title: string
  side: 'left' | 'right'
  onClose: () => void
  children: ReactNode
}

/** A panel at the side of the page, over it; Escape, the button and a click beside it close it. */
export function Drawer({ title, side, onClose, children }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()

  // Before it is taken out of the page, so that closing it gives the focus back to where it was.
  useLayoutEffect(() => {
    const drawer = dialog.current
    drawer?.showModal()
    return () => drawer?.close()
  }, [])

  return (
    <dialog
      ref={dialog} className={`drawer ${side}`} aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="drawer-body">
        <div className="drawer-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" className="button quiet square" onClick={onClose} aria-label="닫기">
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  )
}
