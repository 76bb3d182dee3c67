// What the server tells of accounts, as backend/accounts answers it.

export type Role = 'user' | 'admin'

/** Hours of the day in Korea, as HH:MM, in which nothing is sent; from may be later than until. */
export interface QuietHours {
  from: string
  until: string
}

/** The account of whoever asks. */
export interface Me {
  id: string
  email: string
  /** How the page calls the person; may be empty. */
  name: string
  role: Role
  created_at: string
  quiet_hours?: QuietHours | null
}
