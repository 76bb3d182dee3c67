import { createContext, useContext } from 'react'

import type { AdminApi } from './api'

/** A failed request as it is shown. */
export interface Complaint {
  message: string
  advice: string | null
}

export interface AdminWork {
  api: AdminApi
  /** The administrator's own account; null for who came with a token. */
  self: string | null
  /** What to show of a failed request; a refused token is asked for again. */
  complaint: (error: unknown) => Complaint
}

export const AdminContext = createContext<AdminWork | null>(null)

export function useAdmin(): AdminWork {
  const work = useContext(AdminContext)
  if (!work) throw new Error('this is shown to administrators only')
  return work
}
