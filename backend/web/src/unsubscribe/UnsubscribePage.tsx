import { useEffect, useState } from 'react'

import { Frame } from '../account/Frame'
import { json, Problem, told } from '../http'
import { Icon } from '../icons'

interface Muted {
  etf: { code: string; name: string } | null
  muted: boolean
}

type Outcome =
  | { state: 'working' }
  | { state: 'muted' | 'back'; etf: Muted['etf'] }
  | { state: 'bad' }
  | { state: 'failed'; detail: string }

const post = (path: string, token: string) => json<Muted>(path, { method: 'POST', body: { token } })

/** Once for this page, however often React asks. */
let opened: Promise<Muted> | null = null

/** /unsubscribe#TOKEN, the link below each message in Discord: opening it switches the alerts of that ETF off. */
export function UnsubscribePage() {
  const token = location.hash.slice(1)
  const [outcome, setOutcome] = useState<Outcome>(token ? { state: 'working' } : { state: 'bad' })

  const tell = (asked: Promise<Muted>) =>
    asked.then(
      ({ etf, muted }) => setOutcome({ state: muted ? 'muted' : 'back', etf }),
      (error: unknown) => setOutcome(refused(error) ? { state: 'bad' } : { state: 'failed', detail: told(error) }),
    )
  const open = () => {
    opened = post('/api/unsubscribe', token)
    setOutcome({ state: 'working' })
    void tell(opened)
  }
  const undo = () => {
    setOutcome({ state: 'working' })
    void tell(post('/api/unsubscribe/undo', token).then(({ etf }) => ({ etf, muted: false })))
  }

  useEffect(() => {
    if (!token) return
    opened ??= post('/api/unsubscribe', token)
    void tell(opened)
  }, [token])
  useEffect(() => {
    const again = () => location.reload()
    window.addEventListener('hashchange', again)
    return () => window.removeEventListener('hashchange', again)
  }, [])

  return (
    <Frame title="알림 끄기">
      <section className="sign-in unsubscribe" aria-live="polite">
        {outcome.state === 'working' && <p className="account-note">알림을 끄는 중…</p>}
        {outcome.state === 'muted' && (
          <>
            <h2>{outcome.etf ? `${outcome.etf.name} 알림을 껐습니다` : '알림이 이미 꺼져 있습니다'}</h2>
            <p className="sign-in-lead">
              {outcome.etf
                ? '이 ETF가 바뀌어도 이제 알리지 않습니다. 관심 목록에는 그대로 남아 있습니다.'
                : '이 ETF는 관심 목록에 없어서 알릴 것이 없습니다.'}
            </p>
            <p className="submit-line">
              {outcome.etf && (
                <button type="button" className="button primary" onClick={undo}>
                  <Icon name="retry" size={16} />
                  되돌리기
                </button>
              )}
              <a className="button" href="/watchlist">
                관심 목록
              </a>
            </p>
          </>
        )}
        {outcome.state === 'back' && (
          <>
            <h2>{outcome.etf ? `${outcome.etf.name} 알림을 다시 켰습니다` : '되돌릴 알림이 없습니다'}</h2>
            <p className="sign-in-lead">
              {outcome.etf ? '전과 같은 조건으로 알려 드립니다. 조건은 관심 목록에서 바꿀 수 있습니다.' : '이 ETF는 관심 목록에 없습니다.'}
            </p>
            <p className="submit-line">
              {outcome.etf && (
                <button type="button" className="button" onClick={open}>
                  다시 끄기
                </button>
              )}
              <a className="button" href="/watchlist">
                관심 목록
              </a>
            </p>
          </>
        )}
        {outcome.state === 'bad' && (
          <>
            <h2>이 링크로는 알림을 끌 수 없습니다</h2>
            <p className="sign-in-lead">
              주소가 잘렸거나 더는 쓸 수 없는 링크입니다. 디스코드 메시지 아래의 링크를 다시 눌러 보거나, 로그인한 뒤 관심 목록에서 직접 꺼 주세요.
            </p>
            <p className="submit-line">
              <a className="button primary" href="/watchlist">
                관심 목록
              </a>
            </p>
          </>
        )}
        {outcome.state === 'failed' && (
          <>
            <h2>알림을 끄지 못했습니다</h2>
            <p className="sign-in-lead">{outcome.detail}</p>
            <p className="submit-line">
              <button type="button" className="button primary" onClick={open}>
                다시 시도
              </button>
            </p>
          </>
        )}
      </section>
    </Frame>
  )
}

/** Whether the server knows that the token itself is no good. */
function refused(error: unknown): boolean {
  return error instanceof Problem && error.status !== null && [400, 401, 403, 404, 410, 422].includes(error.status)
}
