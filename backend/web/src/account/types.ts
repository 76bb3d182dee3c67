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

/** A browser that is signed in. */
export interface Device {
  id: string
  /** What the browser said it was, in words; may be empty. */
  device: string
  created_at: string
  seen_at: string
  current: boolean
}

export interface ApiToken {
  id: string
  name: string
  created_at: string
  used_at: string | null
  expires_at: string | null
}

/** A token that has just been made: `token` is told this once. */
export interface NewApiToken extends ApiToken {
  token: string
}

/** The person's own Discord channel. */
export interface Webhook {
  configured: boolean
  /** What of the address may be shown. */
  address_hint: string | null
  switched_off_at: string | null
  /** Why Discord's answers switched it off. */
  reason: string | null
  waiting: number
  last_sent_at: string | null
}

/** How a message that was sent as a test went. */
export interface TestResult {
  sent: boolean
  detail: string
}
