// The administrator's token, for as long as the tab is open.

const STORAGE_KEY = 'etf-atlas.admin-token'

export function keptToken(): string | null {
  try {
    return sessionStorage.getItem(STORAGE_KEY)
  } catch {
    return null
  }
}

export function keepToken(token: string): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, token)
  } catch (error) {
    console.info('the token is asked for again after a reload', error)
  }
}

export function forgetToken(): void {
  try {
    sessionStorage.removeItem(STORAGE_KEY)
  } catch {
    // Where nothing could be kept there is nothing to forget.
  }
}
