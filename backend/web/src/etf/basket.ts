// A basket beside the one before it: what was bought and sold, apart from what only the prices moved.

import type { Table } from '../chat/protocol'
import type { Action, Holding, Holdings, HoldingKind, Trade } from './types'

export const KIND_NAMES: Record<HoldingKind, string> = {
  stock: '주식', etf: 'ETF', bond: '채권', cash: '현금', derivative: '파생', other: '기타',
}
export const ACTION_NAMES: Record<Action, string> = { new: '신규 편입', more: '추가 매수', less: '일부 매도', out: '전량 편출' }

/** Decimals below which a change of weight is the rounding of its source. */
const DECIMALS = 2

export interface Position extends Holding {
  /** Change of the weight since the snapshot before, percentage points; null where either weight is unknown. */
  change_pp: number | null
  action: Action | null
}

/** The constituents with what became of them since the snapshot before; without one, only as they are. */
export function positions(now: Holdings, before: Holdings | null, trades: Trade[]): Position[] {
  const weights = new Map(before?.holdings.map(({ code, weight_pct }) => [code, weight_pct]))
  const actions = new Map(trades.map(({ code, action }) => [code, action]))
  return now.holdings.map((holding) => {
    const earlier = weights.has(holding.code) ? weights.get(holding.code) : before ? 0 : null
    const known = earlier !== null && earlier !== undefined && holding.weight_pct !== null
    return {
      ...holding,
      change_pp: known ? rounded(holding.weight_pct! - earlier) : null,
      action: actions.get(holding.code) ?? null,
    }
  })
}

function rounded(value: number): number {
  return Number(value.toFixed(DECIMALS)) + 0
}

/** The basket as a table; kinds and changes are columns only where they say something. */
export function basketTable(title: string, all: Position[]): Table {
  const kinds = all.some(({ kind }) => kind !== 'stock')
  const changes = all.some(({ change_pp }) => change_pp !== null)
  const trades = all.some(({ action }) => action !== null)
  return {
    title,
    columns: [
      '구성종목', '코드', ...(kinds ? ['종류'] : []), '비중(%)', ...(changes ? ['비중 변화(%p)'] : []),
      ...(trades ? ['매매'] : []), 'CU당 수량(주)',
    ],
    rows: all.map(({ name, code, kind, weight_pct, change_pp, action, shares }) => [
      name, code, ...(kinds ? [KIND_NAMES[kind]] : []), weight_pct, ...(changes ? [change_pp] : []),
      ...(trades ? [action && ACTION_NAMES[action]] : []), shares,
    ]),
  }
}

/** What was traded as a table, the largest changes of weight first. */
export function tradeTable(title: string, trades: Trade[]): Table {
  const moved = ({ weight_change_pp }: Trade) => Math.abs(weight_change_pp ?? 0)
  return {
    title,
    columns: ['종목', '코드', '매매', '수량 변화(%)', '이전 비중(%)', '이후 비중(%)', '비중 변화(%p)'],
    rows: [...trades]
      .sort((one, other) => moved(other) - moved(one))
      .map((trade) => [
        trade.name, trade.code, ACTION_NAMES[trade.action], trade.shares_change_pct, trade.weight_before_pct,
        trade.weight_after_pct, trade.weight_change_pp,
      ]),
  }
}
