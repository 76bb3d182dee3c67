import { useState } from 'react'

import { told } from '../http'
import { day } from '../table/format'
import { devices, endDevice, endOtherDevices } from './api'
import { Card, Done, Unready } from './Card'
import { useLoaded } from './useLoaded'
import { moment } from './words'

const UNKNOWN = '알 수 없는 기기'

/** Where the person is signed in, and the way to end that. */
export function DevicesCard() {
  const [loaded, reload] = useLoaded(devices)
  const [problem, setProblem] = useState<string | null>(null)
  const [done, setDone] = useState<string | null>(null)
  const items = loaded.state === 'ready' ? loaded.value : []

  const end = async (ending: () => Promise<void>, said: string) => {
    setProblem(null)
    setDone(null)
    try {
      await ending()
      await reload()
      setDone(said)
    } catch (error) {
      setProblem(told(error))
    }
  }

  return (
    <Card id="devices" title="로그인한 기기" lead="모르는 기기가 있으면 로그아웃시키고 비밀번호를 바꾸세요.">
      <Unready of={loaded} onRetry={() => void reload()} />
      <ul className="account-list">
        {items.map(({ id, device, created_at, seen_at, current }) => (
          <li key={id}>
            <span className="account-item">
              <span>
                {device || UNKNOWN}
                {current && <span className="badge small plain">이 기기</span>}
              </span>
              <span className="account-item-note" title={`처음 로그인: ${moment(created_at)}`}>
                마지막 사용 <time dateTime={seen_at}>{day(seen_at)}</time>
              </span>
            </span>
            {!current && (
              <button
                type="button" className="button small danger" aria-label={`${device || UNKNOWN} 로그아웃`}
                onClick={() => void end(() => endDevice(id), `${device || UNKNOWN}에서 로그아웃했습니다.`)}
              >
                로그아웃
              </button>
            )}
          </li>
        ))}
      </ul>
      {items.filter(({ current }) => !current).length > 1 && (
        <button type="button" className="button danger" onClick={() => void end(endOtherDevices, '다른 모든 기기에서 로그아웃했습니다.')}>
          다른 모든 기기에서 로그아웃
        </button>
      )}
      {problem && <p className="account-complaint" role="alert">{problem}</p>}
      <Done>{done}</Done>
    </Card>
  )
}
