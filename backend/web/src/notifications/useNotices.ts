import { useEffect, useState, useSyncExternalStore } from 'react'

import { refreshSession, useSession } from '../account/session'
import { NOBODY, type Notices, NotificationStore } from './store'

/** The events of whoever looks at this page, kept up to date while it is open. */
export function useNotices(): [Notices, NotificationStore] {
  const { state, person } = useSession()
  const [store] = useState(() => new NotificationStore(() => void refreshSession()))
  const notices = useSyncExternalStore(store.subscribe, store.snapshot)
  // Nothing is asked for before it is known for whom. Where nobody can be asked, what everybody may see is waited for.
  const reader = person?.id ?? (state === 'loading' ? null : NOBODY)
  useEffect(() => (reader === null ? undefined : store.start(reader)), [store, reader])
  return [notices, store]
}
