import { useState } from 'react'

import { Icon } from '../icons'
import { removeWebhook, setWebhook, testWebhook, webhook } from './api'
import { Card, Done, Unready } from './Card'
import { Field } from './Field'
import { Complaint, SubmitLine } from './SubmitLine'
import type { TestResult, Webhook } from './types'
import { useLoaded } from './useLoaded'
import { useSubmit } from './useSubmit'
import { moment } from './words'

const ADDRESS = /^https:\/\/(?:(?:canary|ptb)\.)?discord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/\d+\/[\w-]+\/?(?:\?.*)?$/

/** Where alerts go in Discord: the address can be set, tried and removed, but not read. */
export function DiscordCard() {
  const [loaded, reload] = useLoaded(webhook)
  const [address, setAddress] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [changing, setChanging] = useState(false)
  const [done, setDone] = useState<string | null>(null)
  const [tried, setTried] = useState<TestResult | null>(null)
  const state = loaded.state === 'ready' ? loaded.value : null

  const saving = useSubmit(async () => {
    await setWebhook(address.trim())
    setAddress('')
    setChanging(false)
    setTried(null)
    await reload()
    setDone('주소를 저장했습니다. 시험 메시지를 보내 확인해 보세요.')
  })
  const trying = useSubmit(async () => {
    setDone(null)
    setTried(null)
    setTried(await testWebhook())
    await reload()
  })
  const removing = useSubmit(async () => {
    await removeWebhook()
    setTried(null)
    await reload()
    setDone('디스코드 주소를 지웠습니다. 이제 디스코드로는 보내지 않습니다.')
  })
  const refused = saving.problem?.status === 422 ? saving.problem.message : null

  return (
    <Card
      id="discord" title="디스코드로 알림 받기"
      lead="관심 ETF의 알림을 내 디스코드 채널로도 보냅니다. 채널 설정 → 연동 → 웹후크에서 웹후크 URL을 복사해 붙여 넣으세요."
    >
      <Unready of={loaded} onRetry={() => void reload()} />
      {state?.configured && <State of={state} />}
      {state?.configured && (
        <form className="submit-line" onSubmit={trying.submit}>
          <SubmitLine of={trying} label="시험 메시지 보내기" busyLabel="보내는 중…" tone="">
            <button type="button" className="button" aria-expanded={changing} onClick={() => setChanging(!changing)}>
              주소 바꾸기
            </button>
            <button type="button" className="button danger" disabled={removing.busy} onClick={() => removing.submit()}>
              지우기
            </button>
          </SubmitLine>
        </form>
      )}
      <div role="status">
        {tried && (
          <p className={tried.sent ? 'account-done' : 'account-complaint'}>
            {tried.sent ? '시험 메시지를 보냈습니다. 디스코드 채널을 확인해 보세요.' : tried.detail}
          </p>
        )}
      </div>
      <Complaint of={trying} />
      <Complaint of={removing} />
      {state && (changing || !state.configured) && (
        <form
          className="account-row" noValidate
          onSubmit={(event) => {
            event.preventDefault()
            const wrong = ADDRESS.test(address.trim()) ? null : '디스코드 웹후크의 주소가 아닙니다. https://discord.com/api/webhooks/…로 시작해야 합니다.'
            setError(wrong)
            if (!wrong) saving.submit()
          }}
        >
          <Field
            label={state.configured ? '새 웹후크 URL' : '웹후크 URL'} type="url" name="webhook" inputMode="url" autoComplete="off" spellCheck={false}
            placeholder="https://discord.com/api/webhooks/…" value={address} error={error ?? refused}
            onValue={(given) => {
              setAddress(given)
              setError(null)
              saving.forget()
            }}
          />
          <SubmitLine of={saving} label="저장" busyLabel="저장하는 중…" disabled={!address.trim()} />
        </form>
      )}
      <Complaint of={saving} hidden={refused !== null} />
      <Done>{done}</Done>
    </Card>
  )
}

function State({ of: { address_hint, switched_off_at, reason, waiting, last_sent_at } }: { of: Webhook }) {
  return (
    <div className="webhook">
      <p className="webhook-state" data-off={switched_off_at !== null || undefined}>
        <Icon name={switched_off_at ? 'alert' : 'check'} size={17} />
        {switched_off_at ? `${moment(switched_off_at)}에 꺼졌습니다` : '연결되어 있습니다'}
        {address_hint && <code>{address_hint}</code>}
      </p>
      {switched_off_at && (
        <p className="account-note">
          {reason ?? '디스코드가 더는 받지 않습니다.'} 디스코드에서 웹후크를 다시 만들어 새 주소를 저장하면 켜집니다.
        </p>
      )}
      <p className="account-note">
        {last_sent_at ? `마지막으로 보낸 때: ${moment(last_sent_at)}` : '아직 보낸 알림이 없습니다.'}
        {waiting > 0 && ` · 보낼 알림 ${waiting}건이 기다리고 있습니다.`}
      </p>
    </div>
  )
}
