import { useEffect, useState } from 'react'

import { Icon } from '../icons'
import { ComplaintNotice } from './ComplaintNotice'
import { type Complaint, useAdmin } from './context'
import { ExampleFields } from './ExampleFields'
import { formOf, generalised, same, stored } from './form'
import { TrialView } from './TrialView'
import type { Example, ExampleForm, ExampleStatus, Trial } from './types'
import { EXAMPLE_STATUSES } from './words'

interface ExampleEditorProps {
  id: string
  onUnsaved: (unsaved: boolean) => void
  onBack: () => void
  /** The example has this status now. */
  onMoved: (status: ExampleStatus) => void
}

/** Loads one example and shows it for editing. */
export function ExampleEditor({ id, ...rest }: ExampleEditorProps) {
  const { api, complaint } = useAdmin()
  const [example, setExample] = useState<Example | null>(null)
  const [failed, setFailed] = useState<Complaint | null>(null)
  useEffect(() => {
    let left = false
    api.example(id).then(
      (found) => left || setExample(found),
      (error: unknown) => left || setFailed(complaint(error)),
    )
    return () => {
      left = true
    }
  }, [api, id, complaint])
  if (example) return <Editor example={example} onExample={setExample} {...rest} />
  return failed ? <ComplaintNotice complaint={failed} /> : <p className="empty">불러오는 중…</p>
}

interface EditorProps extends Omit<ExampleEditorProps, 'id'> {
  example: Example
  onExample: (example: Example) => void
}

function Editor({ example, onExample, onUnsaved, onBack, onMoved }: EditorProps) {
  const { api, complaint } = useAdmin()
  const [form, setForm] = useState<ExampleForm>(() => formOf(example))
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState<Complaint | null>(null)
  const [said, setSaid] = useState<string | null>(null)
  const [trial, setTrial] = useState<Trial | null>(null)
  const unsaved = !same(form, formOf(example))
  const readOnly = example.source === 'seed'

  useEffect(() => onUnsaved(unsaved), [unsaved, onUnsaved])

  const change = (part: Partial<ExampleForm>) => setForm((seen) => ({ ...seen, ...part }))
  const take = (next: Example) => {
    onExample(next)
    setForm(formOf(next))
    if (next.status !== example.status) onMoved(next.status)
  }
  const act = async (action: () => Promise<string | null>) => {
    setBusy(true)
    setFailed(null)
    setSaid(null)
    try {
      setSaid(await action())
    } catch (error) {
      setFailed(complaint(error))
    } finally {
      setBusy(false)
    }
  }
  const saveChanges = async () => {
    if (unsaved && !readOnly) take(await api.edit(example.id, stored(form)))
  }

  const save = () =>
    act(async () => {
      await saveChanges()
      return '저장했습니다.'
    })
  const generalise = () =>
    act(async () => {
      const result = await api.generalise(form.trial || form.question, form.graph, form.cypher)
      setForm(generalised(form, result))
      if (result.unplaced.length > 0) {
        return `Cypher에서 찾지 못해 자리로 바꾸지 못한 것: ${result.unplaced.map(({ text }) => text).join(', ')}`
      }
      return result.slots.length > 0 ? `자리 ${result.slots.length}개로 바꾸었습니다.` : '자리로 바꿀 이름이 없습니다.'
    })
  const run = () =>
    act(async () => {
      setTrial(null)
      await saveChanges()
      setTrial(await api.run(example.id, form.trial.trim()))
      return null
    })
  const promote = () =>
    act(async () => {
      await saveChanges()
      const promoted = await api.promote(example.id, form.trial.trim())
      setTrial(promoted.trial)
      take(promoted.example)
      return '검증된 예시로 올렸습니다. 다음 같은 질문부터 이 질의로 답합니다.'
    })
  const retire = () =>
    act(async () => {
      take(await api.retire(example.id))
      return '보관했습니다. 더는 답에 쓰이지 않습니다.'
    })

  return (
    <section className="editor" aria-label="예시 고치기" aria-busy={busy}>
      <div className="editor-head">
        <button type="button" className="button quiet" onClick={onBack}>
          <Icon name="back" size={16} />
          목록
        </button>
        <span className={`mark ${example.status}`}>{EXAMPLE_STATUSES[example.status]}</span>
        <code className="editor-id">{example.id}</code>
        {unsaved && <span className="editor-unsaved">저장하지 않은 변경</span>}
      </div>
      {readOnly && <p className="editor-note">기본 예시는 예시 파일에서 고칩니다. 여기서는 실행해 보고 보관하거나 다시 올릴 수 있습니다.</p>}
      {!readOnly && example.status === 'verified' && (
        <p className="editor-note">고쳐서 저장하면 다시 후보가 되어, 올리기 전까지 답에 쓰이지 않습니다.</p>
      )}
      <ExampleFields form={form} readOnly={readOnly} busy={busy} onChange={change} onGeneralise={() => void generalise()} />
      <div className="editor-actions">
        {!readOnly && (
          <button type="button" className="button primary" disabled={busy || !unsaved} onClick={() => void save()}>
            저장
          </button>
        )}
        <button type="button" className="button" disabled={busy} onClick={() => void run()}>
          실행
        </button>
        {(example.status !== 'verified' || unsaved) && (
          <button type="button" className="button" disabled={busy} onClick={() => void promote()}>
            <Icon name="verified" size={16} />
            검증된 예시로 올리기
          </button>
        )}
        {example.status !== 'retired' && (
          <button type="button" className="button danger" disabled={busy} onClick={() => void retire()}>
            보관
          </button>
        )}
      </div>
      <ComplaintNotice complaint={failed} />
      <p className="said" role="status">{said}</p>
      {trial && <TrialView trial={trial} />}
    </section>
  )
}
