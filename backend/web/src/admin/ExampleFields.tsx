import { CypherField } from '../cypher/CypherField'
import { BranchesField } from './BranchesField'
import { SlotsField } from './SlotsField'
import type { ExampleForm, Graph } from './types'

interface ExampleFieldsProps {
  form: ExampleForm
  readOnly: boolean
  busy: boolean
  onChange: (part: Partial<ExampleForm>) => void
  onGeneralise: () => void
}

export function ExampleFields({ form, readOnly, busy, onChange, onGeneralise }: ExampleFieldsProps) {
  const lines = (text: string) => text.split('\n')
  return (
    <div className="fields">
      <label htmlFor="example-question">질문</label>
      <input
        id="example-question" className="field" value={form.question} readOnly={readOnly} maxLength={1_000}
        onChange={(event) => onChange({ question: event.target.value })}
      />
      <label htmlFor="example-paraphrases">다른 말로</label>
      <textarea
        id="example-paraphrases" className="field" rows={Math.min(8, Math.max(2, form.paraphrases.length))} readOnly={readOnly}
        value={form.paraphrases.join('\n')} placeholder="한 줄에 하나씩, 자리는 {etf}처럼"
        onChange={(event) => onChange({ paraphrases: lines(event.target.value) })}
      />
      <label htmlFor="example-graph">그래프</label>
      <select
        id="example-graph" className="field" value={form.graph} disabled={readOnly}
        onChange={(event) => onChange({ graph: event.target.value as Graph })}
      >
        <option value="etf_graph">지금의 시장 (etf_graph)</option>
        <option value="etf_history">과거의 기록 (etf_history)</option>
      </select>
      <label htmlFor="example-cypher">Cypher</label>
      <CypherField id="example-cypher" value={form.cypher} readOnly={readOnly} onChange={(cypher) => onChange({ cypher })} />
      <SlotsField slots={form.slots} readOnly={readOnly} onChange={(slots) => onChange({ slots })}>
        {!readOnly && (
          <button type="button" className="button" disabled={busy || !form.cypher.trim()} onClick={onGeneralise}>
            이름을 자리로 바꾸기
          </button>
        )}
      </SlotsField>
      <label htmlFor="example-trial">시험 질문</label>
      <input
        id="example-trial" className="field" value={form.trial} maxLength={1_000} placeholder="실제 이름을 넣은 질문"
        onChange={(event) => onChange({ trial: event.target.value })}
      />
      <label htmlFor="example-title">표 제목</label>
      <input
        id="example-title" className="field" value={form.title} readOnly={readOnly} maxLength={1_000} placeholder="비우면 질문으로 만듭니다"
        onChange={(event) => onChange({ title: event.target.value })}
      />
      <BranchesField
        label="답" branches={form.answer} readOnly={readOnly} placeholder="{etf|은는} … {count} … {rows[0].이름} (비우면 저절로 만듭니다)"
        onChange={(answer) => onChange({ answer })}
      />
      <BranchesField
        label="결과가 없을 때" branches={form.answer_empty} readOnly={readOnly} placeholder="비우면 저절로 만듭니다"
        onChange={(answer_empty) => onChange({ answer_empty })}
      />
      <label htmlFor="example-suggestions">이어서 물어볼 것</label>
      <textarea
        id="example-suggestions" className="field" rows={2} readOnly={readOnly} value={form.suggestions.join('\n')}
        placeholder="한 줄에 하나씩" onChange={(event) => onChange({ suggestions: lines(event.target.value) })}
      />
    </div>
  )
}
