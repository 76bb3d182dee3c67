import { useEffect } from 'react'

import { DataCard } from './DataCard'
import { DevicesCard } from './DevicesCard'
import { DiscordCard } from './DiscordCard'
import { Frame } from './Frame'
import { PasswordCard } from './PasswordCard'
import { ProfileCard } from './ProfileCard'
import { QuietHoursCard } from './QuietHoursCard'
import { signInAddress, useSession } from './session'
import { TokensCard } from './TokensCard'
import type { Me } from './types'

/** /account: what belongs to the person who is signed in, and where alerts go. */
export function AccountPage() {
  const { state, person } = useSession()
  useEffect(() => {
    if (state === 'nobody') location.replace(signInAddress())
  }, [state])
  return (
    <Frame title="계정">
      <div className="account-page">
        <h2>계정</h2>
        {state === 'away' && <p className="account-note" role="alert">서버에 연결할 수 없습니다. 다시 연결하고 있습니다.</p>}
        {state === 'loading' && <p className="account-note" role="status">불러오는 중…</p>}
        {person && <Cards person={person} />}
      </div>
    </Frame>
  )
}

function Cards({ person }: { person: Me }) {
  // The part that the address names is there only now.
  useEffect(() => {
    if (!location.hash) return
    const card = document.getElementById(location.hash.slice(1))
    card?.scrollIntoView()
    card?.focus({ preventScroll: true })
  }, [])
  return (
    <>
      <ProfileCard person={person} />
      <DiscordCard />
      <QuietHoursCard person={person} />
      <PasswordCard person={person} />
      <DevicesCard />
      <TokensCard />
      <DataCard />
    </>
  )
}
