import { CopyButton } from '../CopyButton'
import { Icon } from '../icons'
import { ColouredCypher } from './ColouredCypher'

/** The queries behind an answer, folded away. */
export function CypherFold({ queries }: { queries: string[] }) {
  if (queries.length === 0) return null
  return (
    <details className="fold cypher">
      <summary>
        <Icon name="chevron" size={15} />
        Cypher 질의{queries.length > 1 && ` ${queries.length}개`} 보기
      </summary>
      {queries.map((query, index) => (
        <div className="cypher-query" key={index}>
          <pre tabIndex={0} aria-label="Cypher 질의">
            <code>
              <ColouredCypher text={query.trim()} />
            </code>
          </pre>
          <CopyButton text={() => query.trim()} label="질의 복사" />
        </div>
      ))}
    </details>
  )
}
