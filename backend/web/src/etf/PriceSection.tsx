import { date } from '../table/format'
import { PriceChart } from './PriceChart'
import { Section } from './Section'
import type { Prices } from './types'
import type { Answer } from './useAnswer'

/** Price and premium over all days that are known. */
export function PriceSection({ answer }: { answer: Answer<Prices> }) {
  return (
    <Section title="가격과 괴리율" answer={answer}>
      {({ prices }) =>
        prices.length > 1 ? (
          <PriceChart prices={prices} />
        ) : (
          <p className="etf-note">
            {prices[0] ? `${date(prices[0].date)} 하루의 시세만 있어 그림으로 보일 것이 없습니다.` : '시세 자료가 없습니다.'}
          </p>
        )
      }
    </Section>
  )
}
