import { Icon } from '../icons'
import { date, duration } from '../table/format'
import { Pattern } from './Pattern'
import type { Answer } from './protocol'

/** Where an answer comes from: what answered, data date, data set, time. */
export function Evidence({ answer }: { answer: Answer }) {
  return (
    <footer className="evidence">
      <SourceBadge answer={answer} />
      {answer.as_of && (
        <span className="evidence-item">
          <Icon name="calendar" size={15} />
          <time dateTime={answer.as_of}>{date(answer.as_of)}</time> 기준
        </span>
      )}
      {answer.dataset === 'sample' && <span className="badge small">예시 데이터</span>}
      {answer.source !== 'model' && (
        <span className="evidence-item">
          <Icon name="model" size={15} />
          {answer.model === 'offline' ? '오프라인' : answer.model}
        </span>
      )}
      <span className="evidence-item">
        <Icon name="clock" size={15} />
        {duration(answer.elapsed_ms)}
      </span>
    </footer>
  )
}

function SourceBadge({ answer }: { answer: Answer }) {
  switch (answer.source) {
    case 'verified':
      return (
        <span className="source verified" title="미리 검증해 둔 질의를 그대로 사용했습니다.">
          <Icon name="verified" size={15} />
          <span>
            검증된 질의
            {answer.example && <span className="source-example"><Pattern question={answer.example} /></span>}
          </span>
        </span>
      )
    case 'reading':
      return (
        <span className="source" title="질문의 낱말을 읽어 만든 질의이며, 검증된 예제와 꼭 같지는 않습니다.">
          <Icon name="reading" size={15} />
          질문을 읽어 만든 질의
        </span>
      )
    case 'model':
      return (
        <span className="source model" title="AI 모델이 쓴 답입니다. 근거가 된 질의를 함께 확인하세요.">
          <Icon name="model" size={15} />
          AI 모델 답변 · {answer.model}
        </span>
      )
    default:
      return null
  }
}
