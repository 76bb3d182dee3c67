// The stream as AG-UI's own JavaScript client reads it, which checks the order of events. The test suite starts a server
// and gives its address; without one these tests are skipped.

import { type BaseEvent, HttpAgent } from '@ag-ui/client'
import { describe, expect, it } from 'vitest'

const server: string | undefined = import.meta.env['VITE_CHAT_SERVER']

function agent(question: string): HttpAgent {
  return new HttpAgent({
    url: `${server}/api/chat`,
    threadId: 'thread',
    initialMessages: [{ id: 'q', role: 'user', content: question }],
  })
}

async function run(asked: HttpAgent): Promise<BaseEvent[]> {
  const events: BaseEvent[] = []
  await asked.runAgent({}, { onEvent: ({ event }) => void events.push(event) })
  return events
}

describe.skipIf(!server)('the official client', () => {
  it('accepts an answer with its steps, tool calls, text and tables', async () => {
    const asked = agent('삼성전자를 가장 많이 담은 ETF는?')
    const events = await run(asked)
    expect(events.at(-1)?.type).toBe('RUN_FINISHED')
    const custom = events.filter(({ type }) => type === 'CUSTOM').map((event) => event['name'])
    expect(custom).toEqual(['table', 'answer'])
    expect(asked.messages.some(({ role, content }) => role === 'assistant' && String(content).includes('TIGER 200 IT'))).toBe(true)
  })

  it('can go on with the conversation it has built', async () => {
    const asked = agent('삼성전자')
    await run(asked)
    asked.addMessage({ id: 'q2', role: 'user', content: '내일 오를까?' })
    const events = await run(asked)
    expect(events.at(-1)?.type).toBe('RUN_FINISHED')
  })

  it('reads an error in Korean', async () => {
    const asked = agent('고장')
    const errors: string[] = []
    await asked.runAgent({}, { onRunErrorEvent: ({ event }) => void errors.push(event.message) }).catch(() => undefined)
    expect(errors).toEqual(['답을 만드는 중에 문제가 생겼습니다. 다시 시도해 주세요.'])
  })
})
