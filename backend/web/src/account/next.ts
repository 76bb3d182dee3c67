// Where a person goes after signing in: back to where they were, and never to another site.

const SIGN_IN = /^\/(login|register)\/?$/

/** A path of this page, or '/' for everything that is none, whoever wrote the link. */
export function ownPath(next: string | null, origin: string = location.origin): string {
  if (!next?.startsWith('/')) return '/'
  try {
    const url = new URL(next, origin)
    // '//host' is another host, however a browser comes to read it out of what was given.
    if (url.origin !== origin || /^\/[/\\]/.test(url.pathname) || SIGN_IN.test(url.pathname)) return '/'
    return url.pathname + url.search + url.hash
  } catch {
    return '/'
  }
}

/** Where the person is, or wants to go to after signing in. */
function here(): string {
  if (SIGN_IN.test(location.pathname)) return wantedPath()
  return location.pathname + location.search + location.hash
}

/** Where this page's address says that the person wants to go. */
export function wantedPath(): string {
  return ownPath(new URLSearchParams(location.search).get('next'))
}

/** Where to sign in, and then come back. */
export function signInAddress(next: string = here()): string {
  return withNext('/login', next)
}

/** Where to make an account, and then come back. */
export function registerAddress(next: string = here()): string {
  return withNext('/register', next)
}

function withNext(path: string, next: string): string {
  const back = ownPath(next)
  return back === '/' ? path : `${path}?next=${encodeURIComponent(back)}`
}
