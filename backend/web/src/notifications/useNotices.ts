import { useEffect, useState, useSyncExternalStore } from 'react'

import { type Notices, NotificationStore } from './store'

/** The events of this page, kept up to date while it is open. */
export function useNotices(): [Notices, NotificationStore] {
  const [store] = useState(() => new NotificationStore())
  const notices = useSyncExternalStore(store.subscribe, store.snapshot)
  useEffect(() => store.start(), [store])
  return [notices, store]
}
