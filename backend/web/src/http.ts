// Requests to the server, and its errors as sentences for people.

export const AWAY = '서버에 연결할 수 없습니다. 서버가 켜져 있는지 확인하고 다시 시도해 주세요.'

/** A request that failed; the message is for people. `status` is null where no answer came at all. */
export class Problem extends Error {
  override name = 'Problem'

  constructor(
    message: string,
    readonly status: number | null,
    options?: ErrorOptions,
    /** How to put it right, where the server knows. */
    readonly advice: string | null = null,
    /** What kind of problem it is, as the last part of its type's address: `not-signed-in`. */
    readonly slug: string | null = null,
    /** After how many seconds it makes sense to try again, where the server says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message, options)
  }
}

/** What to tell people about an error that may be anything. */
export function told(error: unknown): string {
  if (error instanceof Problem) return error.message
  console.error(error)
  return '화면에서 문제가 생겼습니다. 다시 시도해 주세요.'
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Whether the request outlives the page. */
  keepalive?: boolean
  cache?: RequestCache
}

const sessionEnds = new Set<() => void>()

/** Calls `listener` whenever the server says that nobody is signed in where somebody has to be. */
export function onSessionEnd(listener: () => void): void {
  sessionEnds.add(listener)
}

/** Sends a request. Throws Problem unless it succeeded; throws the signal's reason when aborted. */
export async function request(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', body, headers, signal, keepalive, cache } = options
  const response = await fetch(path, {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal && { signal }),
    ...(keepalive && { keepalive }),
    ...(cache && { cache }),
  }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw new Problem(AWAY, null, { cause: error })
  })
  if (!response.ok) throw await problem(response)
  return response
}

/** Sends a request and reads its JSON. Throws as `request` does. */
export async function json<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await request(path, options)
  try {
    return (await response.json()) as T
  } catch (error) {
    options.signal?.throwIfAborted()
    throw new Problem('서버의 답을 읽을 수 없습니다.', response.status, { cause: error })
  }
}

/** The Korean sentence of a problem document, and its advice. */
async function problem(response: Response): Promise<Problem> {
  const type = response.headers.get('Content-Type') ?? ''
  const body = type.includes('json') ? ((await response.json().catch(() => null)) as Record<string, unknown> | null) : null
  const said = (key: string) => (typeof body?.[key] === 'string' ? body[key] : null)
  const slug = said('type')?.split('/').at(-1) ?? null
  if (slug === 'not-signed-in') for (const listener of sessionEnds) listener()
  const wait = Number(response.headers.get('Retry-After') ?? NaN)
  const detail = said('detail') || `서버가 요청을 처리하지 못했습니다. (${response.status})`
  return new Problem(detail, response.status, undefined, said('advice'), slug, Number.isFinite(wait) ? wait : null)
}
