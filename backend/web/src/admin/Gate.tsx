import { signInAddress, type Session } from '../account/session'
import { TokenForm } from './TokenForm'

interface GateProps {
  session: Session
  /** Why the last token was not accepted. */
  refused: string | null
  onToken: (token: string) => void
}

/** What stands before the rooms of administrators: the way in for those who may, a kind word for the others. */
export function Gate({ session, refused, onToken }: GateProps) {
  if (session.state === 'loading') return <p className="gate" aria-busy="true" />
  if (session.person) {
    return (
      <section className="gate" aria-labelledby="gate">
        <h3 id="gate">관리자만 볼 수 있는 화면입니다</h3>
        <p>
          지금 로그인한 <strong className="gate-email">{session.person.email}</strong> 계정에는 관리자 권한이 없습니다. 필요하면
          관리자에게 권한을 요청해 주세요.
        </p>
        <a className="button primary" href="/">
          질문 화면으로 가기
        </a>
        <details className="gate-token" open={refused !== null}>
          <summary>관리자 토큰이 있나요?</summary>
          <TokenForm refused={refused} onToken={onToken} />
        </details>
      </section>
    )
  }
  return (
    <section className="gate" aria-labelledby="gate">
      <h3 id="gate">관리자로 로그인하세요</h3>
      {session.state === 'away' ? (
        <p role="alert">서버에 연결할 수 없어 누가 로그인했는지 알 수 없습니다. 연결되면 저절로 이어집니다.</p>
      ) : (
        <p>수집 결과와 사용자, 검증된 예시를 관리자 계정으로 살펴봅니다.</p>
      )}
      <a className="button primary" href={signInAddress('/admin')}>
        로그인
      </a>
      <p className="gate-or">또는</p>
      <TokenForm refused={refused} onToken={onToken} />
    </section>
  )
}
