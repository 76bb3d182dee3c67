import { useState } from 'react'

import { Drawer } from '../Drawer'
import { told } from '../http'
import { number } from '../table/format'
import { addMany, findPasted } from './api'
import type { Named, Pasted } from './types'
import { watchStore } from './watched'

const LONGEST = 10_000

interface PasteDrawerProps {
  onClose: () => void
  onDone: (said: string) => void
}

/** A list of names or codes from anywhere: what each line means is shown before anything is added. */
export function PasteDrawer({ onClose, onDone }: PasteDrawerProps) {
  const [text, setText] = useState('')
  const [pasted, setPasted] = useState<Pasted | null>(null)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [choices, setChoices] = useState<Record<number, string>>({})
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)

  const run = async (step: () => Promise<void>) => {
    setBusy(true)
    setProblem(null)
    try {
      await step()
    } catch (error) {
      setProblem(told(error))
    }
    setBusy(false)
  }
  const find = () =>
    run(async () => {
      setPasted(await findPasted(text))
      setLeft(new Set())
      setChoices({})
    })
  const chosen = pasted ? codesOf(pasted, left, choices) : []
  const add = () =>
    run(async () => {
      const { added, present } = await addMany(chosen)
      watchStore.changed(added, true)
      onDone(result(added.length, present.length))
      onClose()
    })

  return (
    <Drawer title="목록 붙여넣기" side="right" onClose={onClose}>
      <form
        className="paste"
        onSubmit={(event) => {
          event.preventDefault()
          if (text.trim()) void find()
        }}
      >
        <label htmlFor="pasted">ETF 이름이나 코드를 한 줄에 하나씩 붙여 넣으세요. 엑셀이나 증권사 화면에서 복사한 표도 괜찮습니다.</label>
        <textarea
          id="pasted" className="field" rows={7} maxLength={LONGEST} value={text} spellCheck={false} autoFocus placeholder={'KODEX 200\nTIGER 미국S&P500\n102110'}
          onChange={(event) => {
            setText(event.target.value)
            setPasted(null)
          }}
        />
        <button type="submit" className={`button ${pasted ? '' : 'primary'}`} disabled={busy || !text.trim()}>
          {busy && !pasted ? '찾는 중…' : '찾기'}
        </button>
        {problem && <p className="watch-problem" role="alert">{problem}</p>}
        <div className="paste-found" aria-live="polite">
          {pasted && (
            <>
              <p className="paste-counts">{counts(pasted)}</p>
              {pasted.found.length > 0 && (
                <ul className="paste-lines">
                  {pasted.found.map(({ line, etf }, index) => (
                    <li key={index}>
                      <label>
                        <input type="checkbox" checked={!left.has(etf.code)} onChange={() => setLeft(toggled(left, etf.code))} />
                        <span>
                          {etf.name} <small>{etf.code}</small>
                          {watchStore.has(etf.code) && <small> · 이미 있음</small>}
                          {line !== etf.name && line !== etf.code && <small className="paste-line">{line}</small>}
                        </span>
                      </label>
                    </li>
                  ))}
                </ul>
              )}
              {pasted.ambiguous.length > 0 && (
                <fieldset className="paste-ambiguous">
                  <legend>어느 것인지 골라 주세요</legend>
                  {pasted.ambiguous.map(({ line, candidates }, index) => (
                    <div key={index}>
                      <label htmlFor={`choice-${index}`}>{line}</label>
                      <select id={`choice-${index}`} className="field" value={choices[index] ?? ''} onChange={(event) => setChoices({ ...choices, [index]: event.target.value })}>
                        <option value="">넣지 않음</option>
                        {candidates.map((candidate) => (
                          <option key={candidate.code} value={candidate.code}>
                            {candidate.name} ({candidate.code})
                          </option>
                        ))}
                      </select>
                    </div>
                  ))}
                </fieldset>
              )}
              {pasted.unknown.length > 0 && (
                <div className="paste-unknown">
                  <p>찾지 못한 것</p>
                  <ul>
                    {pasted.unknown.map((line, index) => (
                      <li key={index}>{line}</li>
                    ))}
                  </ul>
                </div>
              )}
            </>
          )}
        </div>
        {pasted && (
          <div className="watch-settings-foot">
            <button type="button" className="button primary" disabled={busy || chosen.length === 0} onClick={() => void add()}>
              {chosen.length > 0 ? `${number(chosen.length)}개 넣기` : '넣을 ETF가 없습니다'}
            </button>
          </div>
        )}
      </form>
    </Drawer>
  )
}

function toggled(codes: ReadonlySet<string>, code: string): ReadonlySet<string> {
  const next = new Set(codes)
  if (!next.delete(code)) next.add(code)
  return next
}

/** The codes that would be added: what was found and not left out, and what was chosen. */
export function codesOf(pasted: Pasted, left: ReadonlySet<string>, choices: Record<number, string>): string[] {
  const found = pasted.found.map(({ etf }: { etf: Named }) => etf.code).filter((code) => !left.has(code))
  return [...new Set([...found, ...Object.values(choices).filter(Boolean)])]
}

function counts({ found, ambiguous, unknown }: Pasted): string {
  const etfs = new Set(found.map(({ etf }: { etf: Named }) => etf.code)).size
  const parts = [
    etfs > 0 && `${number(etfs)}개를 찾았습니다`,
    ambiguous.length > 0 && `${number(ambiguous.length)}개는 골라야 합니다`,
    unknown.length > 0 && `${number(unknown.length)}개는 찾지 못했습니다`,
  ].filter(Boolean)
  return parts.length > 0 ? `${parts.join(' · ')}.` : 'ETF로 보이는 것이 없습니다.'
}

function result(added: number, present: number): string {
  if (added === 0) return '모두 이미 관심 목록에 있습니다.'
  return `${number(added)}개를 관심 목록에 넣었습니다.${present > 0 ? ` ${number(present)}개는 이미 있었습니다.` : ''}`
}
