import type { Role } from '../account/types'
import { day, number } from '../table/format'
import { accountName } from './people'
import type { Account } from './types'

interface AccountCardProps {
  account: Account
  /** Whether it is the administrator's own: nobody shuts themselves out. */
  self: boolean
  onRole: (role: Role) => void
  onDisable: () => void
  onEnable: () => void
  onDelete: () => void
}

/** One account: who it is, how much it is used, and what can be done to it. */
export function AccountCard({ account, self, onRole, onDisable, onEnable, onDelete }: AccountCardProps) {
  const { role, disabled_at: disabledAt, created_at: createdAt, seen_at: seenAt, sessions, watches } = account
  const named = accountName(account)
  return (
    <li className="entry account-entry" data-closed={disabledAt !== null || undefined}>
      <div className="account-entry-who">
        <strong>{named}</strong>
        {account.name.trim() && <span className="account-entry-email">{account.email}</span>}
        {role === 'admin' && <span className="mark verified">관리자</span>}
        {self && <span className="mark">나</span>}
        {disabledAt && <span className="mark failed">{day(disabledAt)} 사용 중지</span>}
      </div>
      <dl className="account-entry-facts">
        <Fact name="가입">{day(createdAt)}</Fact>
        <Fact name="마지막 사용">{seenAt ? day(seenAt) : '없음'}</Fact>
        <Fact name="로그인">{number(sessions)}곳</Fact>
        <Fact name="관심 ETF">{number(watches)}개</Fact>
      </dl>
      {self ? (
        <p className="account-entry-self">
          자신의 계정은 <a href="/account">계정 화면</a>에서 바꿉니다.
        </p>
      ) : (
        <div className="account-entry-actions">
          {role === 'admin' ? (
            <Action label="관리자 권한 거두기" of={named} onClick={() => onRole('user')} />
          ) : (
            <Action label="관리자로 지정" of={named} onClick={() => onRole('admin')} />
          )}
          {disabledAt ? <Action label="다시 허용" of={named} onClick={onEnable} /> : <Action label="사용 중지" of={named} onClick={onDisable} />}
          <Action label="삭제" of={named} onClick={onDelete} danger />
        </div>
      )}
    </li>
  )
}

function Fact({ name, children }: { name: string; children: string | string[] }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A button whose name also says whose account it is about. */
function Action({ label, of, onClick, danger }: { label: string; of: string; onClick: () => void; danger?: boolean }) {
  return (
    <button type="button" className={`button small ${danger ? 'danger' : ''}`} onClick={onClick}>
      {label}
      <span className="for-screen-readers"> ({of})</span>
    </button>
  )
}
