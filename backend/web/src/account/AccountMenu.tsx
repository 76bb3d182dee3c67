import '../styles/account-menu.css'

import { type FocusEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'

import { told } from '../http'
import { Icon } from '../icons'
import { signOut } from './api'
import { called } from './name'
import { registerAddress, signInAddress } from './next'
import { useSession } from './session'
import type { Me } from './types'

interface AccountMenuProps {
  /** What stands in the menu beside the account, where the header has no room for it. */
  children?: ReactNode
  /** Whether even those who have not signed in get a menu instead of a link. */
  folded: boolean
}

/** The way to sign in, or the menu of the person who has. */
export function AccountMenu({ children, folded }: AccountMenuProps) {
  const { state, person, registration } = useSession()
  if (person) {
    return (
      <Fold label={called(person)} title={`${called(person)}님의 메뉴`} square={folded}>
        <PersonLinks person={person} />
        {children}
      </Fold>
    )
  }
  if (folded) {
    return (
      <Fold label="로그인과 설정" title="로그인과 설정" square>
        <li>
          <a href={signInAddress()}>로그인</a>
        </li>
        {registration !== 'closed' && (
          <li>
            <a href={registerAddress()}>회원 가입</a>
          </li>
        )}
        {children}
      </Fold>
    )
  }
  // The place is kept while nobody knows who this is, so that nothing jumps.
  return (
    <a className="button quiet account-sign-in" href={signInAddress()} data-unknown={state === 'loading' || undefined}>
      로그인
    </a>
  )
}

function PersonLinks({ person }: { person: Me }) {
  const [problem, setProblem] = useState<string | null>(null)
  const [leaving, setLeaving] = useState(false)
  const leave = () => {
    setProblem(null)
    setLeaving(true)
    signOut()
      .catch((error: unknown) => setProblem(told(error)))
      .finally(() => setLeaving(false))
  }
  return (
    <>
      <li className="account-who">
        <span className="account-name">{called(person)}</span>
        <span className="account-email">{person.email}</span>
      </li>
      <li>
        <a href="/watchlist">관심 목록</a>
      </li>
      <li>
        <a href="/account">계정</a>
      </li>
      {person.role === 'admin' && (
        <li>
          <a href="/admin">관리</a>
        </li>
      )}
      <li>
        <button type="button" onClick={leave} disabled={leaving}>
          로그아웃
        </button>
        {problem && <p className="account-problem" role="alert">{problem}</p>}
      </li>
    </>
  )
}

interface FoldProps {
  label: string
  title: string
  square: boolean
  children: ReactNode
}

/** A button with a list behind it; Escape, a click beside it and leaving it with the keyboard close it. */
function Fold({ label, title, square, children }: FoldProps) {
  const [open, setOpen] = useState(false)
  const fold = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    if (!open) return
    const close = (event: PointerEvent) => event.target instanceof Node && !fold.current?.contains(event.target) && setOpen(false)
    document.addEventListener('pointerdown', close)
    return () => document.removeEventListener('pointerdown', close)
  }, [open])

  const escape = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !open) return
    setOpen(false)
    button.current?.focus()
  }
  const leave = ({ relatedTarget }: FocusEvent) => {
    // Safari focuses no button that is clicked: then nothing takes the focus, and nobody has left.
    if (relatedTarget instanceof Node && !fold.current?.contains(relatedTarget)) setOpen(false)
  }

  return (
    <div className="account-fold" ref={fold} onKeyDown={escape} onBlur={leave}>
      <button
        type="button" ref={button} className={`button quiet account-button ${square ? 'square' : ''}`} title={title}
        aria-expanded={open} aria-controls="account-menu" onClick={() => setOpen(!open)}
      >
        <Icon name="person" />
        <span className={square ? 'for-screen-readers' : 'account-label'}>{label}</span>
      </button>
      <ul className="account-menu" id="account-menu" hidden={!open}>
        {children}
      </ul>
    </div>
  )
}
