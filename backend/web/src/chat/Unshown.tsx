import type { Thread } from './store'

interface UnshownProps {
  state: Exclude<Thread['state'], 'ready'>
  onReload: () => void
  onNew: () => void
}

/** Stands for a conversation that cannot be shown, or not yet. */
export function Unshown({ state, onReload, onNew }: UnshownProps) {
  if (state === 'loading') {
    return (
      <section className="unshown" aria-busy="true">
        <p className="unshown-loading">
          <span className="spinner" />
          대화를 불러오는 중
        </p>
      </section>
    )
  }
  return (
    <section className="unshown">
      <h2>{state === 'missing' ? '대화를 찾을 수 없습니다' : '대화를 불러오지 못했습니다'}</h2>
      <p>
        {state === 'missing'
          ? '지워졌거나 다른 브라우저에서 나눈 대화입니다. 대화는 질문한 브라우저에서만 볼 수 있습니다.'
          : '서버에 연결할 수 없습니다. 잠시 뒤에 다시 불러와 주세요.'}
      </p>
      <p className="notice-actions">
        {state === 'away' && (
          <button type="button" className="button" onClick={onReload}>
            다시 불러오기
          </button>
        )}
        <button type="button" className="button" onClick={onNew}>
          새 대화 시작하기
        </button>
      </p>
    </section>
  )
}
