import { Icon } from '../icons'
import { date, duration } from '../table/format'
import { Pattern } from './Pattern'
import type { Answer } from './protocol'

/** Where an answer comes from: data date, data set, model, time, and the verified question behind it. */
export function Evidence({ answer }: { answer: Answer }) {
  return (
    <footer className="evidence">
      {answer.as_of && (
        <span className="evidence-item">
          <Icon name="calendar" size={15} />
          <time dateTime={answer.as_of}>{date(answer.as_of)}</time> 기준
        </span>
      )}
      {answer.dataset === 'sample' && <span className="badge small">예시 데이터</span>}
      <span className="evidence-item">
        <Icon name="model" size={15} />
        {answer.model === 'offline' ? '오프라인' : answer.model}
      </span>
      <span className="evidence-item">
        <Icon name="clock" size={15} />
        {duration(answer.elapsed_ms)}
      </span>
      {answer.example && (
        <span className="evidence-item verified" title="미리 검증해 둔 질의를 사용했습니다.">
          <Icon name="verified" size={15} />
          <span>
            검증된 질의 <span className="evidence-example"><Pattern question={answer.example} /></span>
          </span>
        </span>
      )}
    </footer>
  )
}
