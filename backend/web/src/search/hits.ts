// What a search finds, and where it leads.

import { object } from '../notifications/words'

export type Kind = 'etf' | 'stock' | 'company' | 'tag' | 'index'

export interface Hit {
  kind: Kind
  code: string
  name: string
  reason: string
  matched: string
}

export const KIND_NAMES: Record<Kind, string> = { etf: 'ETF', stock: '종목', company: '운용사', tag: '테마', index: '지수' }

/** The page of what was found; null where there is none. */
export function addressOf(hit: Hit): string | null {
  return hit.kind === 'etf' ? `/etf/${encodeURIComponent(hit.code)}` : null
}

/** The question that tells most about what was found. */
export function questionOf({ kind, name }: Hit): string {
  switch (kind) {
    case 'etf':
      return `${name} 구성종목 상위 10개`
    case 'stock':
      return `${object(name)} 가장 많이 담은 ETF는?`
    case 'company':
      return `${name} ETF 목록`
    case 'tag':
      return `보수율 낮은 ${name} ETF 추천해줘`
    case 'index':
      return `${name} 지수를 추종하는 ETF는?`
  }
}
