import { useState } from 'react'

import type { Role } from '../account/types'
import { Icon } from '../icons'
import { AccountCard } from './AccountCard'
import { ComplaintNotice } from './ComplaintNotice'
import { Confirm } from './Confirm'
import { useAdmin } from './context'
import { accountName } from './people'
import type { Account } from './types'
import { usePages } from './usePages'

/** What an administrator wants to do to somebody's account. */
type Deed = { kind: 'role'; role: Role } | { kind: 'disable' } | { kind: 'delete' }

/** Everybody's accounts: who may administer, who may come in at all. */
export function UsersTab() {
  const { api, self, complaint } = useAdmin()
  const [q, setQ] = useState('')
  const [asked, setAsked] = useState<{ account: Account; deed: Deed } | null>(null)
  const [said, setSaid] = useState('')
  const [failed, setFailed] = useState<string | null>(null)
  const users = usePages<Account, string>(q, (before, signal) => api.users(q.trim(), before, signal))

  const change = async (account: Account, given: { role?: Role; disabled?: boolean }) => {
    setFailed(null)
    const changed = await api.changeUser(account.id, given)
    // Closing an account ends its sessions.
    users.replace((one) => (one.id === account.id ? { ...one, ...changed, ...(given.disabled && { sessions: 0 }) } : one))
  }
  const act = async (account: Account, deed: Deed) => {
    if (deed.kind === 'delete') {
      await api.deleteUser(account.id)
      users.replace((one) => (one.id === account.id ? null : one))
      setSaid(`${account.email} 계정을 삭제했습니다.`)
    } else if (deed.kind === 'role') {
      await change(account, { role: deed.role })
      setSaid(deed.role === 'admin' ? `${account.email}을(를) 관리자로 지정했습니다.` : `${account.email}의 관리자 권한을 거두었습니다.`)
    } else {
      await change(account, { disabled: true })
      setSaid(`${account.email} 계정을 사용 중지했습니다.`)
    }
  }
  const enable = (account: Account) =>
    void change(account, { disabled: false }).then(
      () => setSaid(`${account.email} 계정을 다시 쓸 수 있습니다.`),
      (error: unknown) => setFailed(complaint(error).message),
    )

  return (
    <section aria-label="사용자">
      <div className="filters" role="search">
        <input
          type="search" className="field" aria-label="이메일이나 이름에서 찾기" placeholder="이메일이나 이름에서 찾기" value={q}
          maxLength={200} onChange={(event) => setQ(event.target.value)}
        />
      </div>
      <p className="said" role="status">{said}</p>
      <ComplaintNotice complaint={failed ? { message: failed, advice: null } : users.complaint} />
      {users.loading && users.items.length === 0 && <p className="empty">불러오는 중…</p>}
      {!users.loading && !users.complaint && users.items.length === 0 && (
        <p className="empty">
          {q ? '찾는 사용자가 없습니다.' : <>아직 계정이 없습니다. <code>./atlas user add</code>로 첫 관리자를 만듭니다.</>}
        </p>
      )}
      <ul className="entries" aria-label="사용자 목록" aria-busy={users.loading}>
        {users.items.map((account) => (
          <AccountCard
            key={account.id} account={account} self={account.id === self} onEnable={() => enable(account)}
            onRole={(role) => setAsked({ account, deed: { kind: 'role', role } })}
            onDisable={() => setAsked({ account, deed: { kind: 'disable' } })}
            onDelete={() => setAsked({ account, deed: { kind: 'delete' } })}
          />
        ))}
      </ul>
      {users.more && (
        <button type="button" className="button" onClick={users.loadMore}>
          더 보기
        </button>
      )}
      {asked && (
        <Confirm
          {...question(asked.deed)} onClose={() => setAsked(null)} onConfirm={() => act(asked.account, asked.deed)}
        >
          <p className="confirm-who">
            <Icon name="person" />
            <span>
              <strong>{accountName(asked.account)}</strong> {asked.account.name && <span>{asked.account.email}</span>}
            </span>
          </p>
          <p>{consequence(asked.deed)}</p>
        </Confirm>
      )}
    </section>
  )
}

function question(deed: Deed): { title: string; label: string; tone: 'primary' | 'danger' } {
  if (deed.kind === 'delete') return { title: '이 계정을 삭제할까요?', label: '삭제', tone: 'danger' }
  if (deed.kind === 'disable') return { title: '이 계정을 사용 중지할까요?', label: '사용 중지', tone: 'danger' }
  if (deed.role === 'admin') return { title: '이 사람을 관리자로 지정할까요?', label: '관리자로 지정', tone: 'primary' }
  return { title: '이 사람의 관리자 권한을 거둘까요?', label: '권한 거두기', tone: 'danger' }
}

function consequence(deed: Deed): string {
  if (deed.kind === 'delete') {
    return '관심 목록, 알림, 대화, 로그인, API 토큰, Discord 웹훅까지 이 사람의 것이 모두 지워지고 되돌릴 수 없습니다.'
  }
  if (deed.kind === 'disable') return '열려 있는 로그인이 모두 끝나고, 다시 허용할 때까지 로그인도 API 토큰도 쓸 수 없습니다. 자료는 그대로 남습니다.'
  if (deed.role === 'admin') return '모든 사용자와 웹훅, 예시를 바꿀 수 있게 됩니다.'
  return '관리 화면에 더는 들어올 수 없습니다.'
}
