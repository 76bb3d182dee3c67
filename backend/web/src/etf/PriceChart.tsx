import 'uplot/dist/uPlot.min.css'

import { useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'

import { date, number } from '../table/format'
import { useSchemeColours } from '../theme'
import type { PriceDay } from './types'

const PERIODS = [
  { label: '1개월', days: 31 },
  { label: '3개월', days: 92 },
  { label: '1년', days: 366 },
  { label: '전체', days: Infinity },
]
const DAY_S = 86_400
/** More days than holidays in a row ever take. */
const GAP_DAYS = 12
const PRICE_HEIGHT = 260
const PREMIUM_HEIGHT = 120

/** Close and NAV, and below them the premium, over a period that can be chosen. */
export function PriceChart({ prices }: { prices: PriceDay[] }) {
  const [days, setDays] = useState(366)
  const shown = useMemo(() => {
    const last = seconds(prices.at(-1)!.date)
    return prices.filter((price) => last - seconds(price.date) <= days * DAY_S)
  }, [prices, days])
  const premiums = shown.filter(({ premium_pct }) => premium_pct !== null)
  const span = (seconds(prices.at(-1)!.date) - seconds(prices[0]!.date)) / DAY_S
  const offered = PERIODS.filter(({ days: length }, index) => length === Infinity || index === 0 || span > PERIODS[index - 1]!.days)

  const chosen = offered.some(({ days: length }) => length === days) ? days : Infinity

  return (
    <figure className="chart-card">
      <figcaption className="chart-head">
        <span className="legend close">종가(원)</span>
        <span className="legend nav">NAV(원)</span>
        {offered.length > 1 && (
          <span className="chart-periods" role="group" aria-label="기간">
            {offered.map(({ label, days: length }) => (
              <button type="button" key={label} aria-pressed={length === chosen} onClick={() => setDays(length)}>
                {label}
              </button>
            ))}
          </span>
        )}
      </figcaption>
      <Plot rows={shown} kind="price" label={summary(shown)} />
      {premiums.length > 1 && (
        <>
          <p className="chart-title">괴리율(%) — 종가가 NAV보다 비싸면 +</p>
          <Plot rows={shown} kind="premium" label={premiumSummary(premiums)} />
        </>
      )}
    </figure>
  )
}

function summary(rows: PriceDay[]): string {
  const closes = rows.map(({ close_krw }) => close_krw).filter((close) => close !== null)
  if (closes.length === 0) return '종가 자료가 없습니다.'
  return `${date(rows[0]!.date)}부터 ${date(rows.at(-1)!.date)}까지 종가: 처음 ${number(closes[0]!)}원, 마지막 ${number(closes.at(-1)!)}원, 최저 ${number(Math.min(...closes))}원, 최고 ${number(Math.max(...closes))}원`
}

function premiumSummary(rows: PriceDay[]): string {
  const premiums = rows.map(({ premium_pct }) => premium_pct ?? 0)
  return `괴리율: 최저 ${number(Math.min(...premiums), 2)}%, 최고 ${number(Math.max(...premiums), 2)}%`
}

interface PlotProps {
  rows: PriceDay[]
  kind: 'price' | 'premium'
  /** What the picture says, for who does not see it. */
  label: string
}

function Plot({ rows, kind, label }: PlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const colours = useSchemeColours()

  useEffect(() => {
    const holder = box.current
    if (!holder) return
    const height = kind === 'price' ? PRICE_HEIGHT : PREMIUM_HEIGHT
    const plot = new uPlot({ ...options(kind, colours), width: holder.clientWidth, height }, data(rows, kind), holder)
    const observer = new ResizeObserver(() => plot.setSize({ width: holder.clientWidth, height }))
    observer.observe(holder)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [rows, kind, colours])

  return <div className={`plot ${kind}`} ref={box} role="img" aria-label={label} />
}

function seconds(iso: string): number {
  return Date.parse(`${iso}T00:00:00Z`) / 1000
}

/** The figures by day; where days are missing the line is interrupted, so that it says nothing of them. */
function data(rows: PriceDay[], kind: 'price' | 'premium'): uPlot.AlignedData {
  const whole: PriceDay[] = []
  for (const row of rows) {
    const before = whole.at(-1)
    if (before && seconds(row.date) - seconds(before.date) > GAP_DAYS * DAY_S) {
      const between = new Date((seconds(before.date) + DAY_S) * 1000).toISOString().slice(0, 10)
      whole.push({ date: between, close_krw: null, nav_krw: null, premium_pct: null })
    }
    whole.push(row)
  }
  const days = whole.map((row) => seconds(row.date))
  return kind === 'price'
    ? [days, whole.map((row) => row.close_krw), whole.map((row) => row.nav_krw)]
    : [days, whole.map((row) => row.premium_pct)]
}

/** A day without neighbours is no line, so it is a dot. */
const lonely: uPlot.Series.Points = {
  show: true,
  size: 5,
  filter: (plot, series) => {
    const values = plot.data[series] ?? []
    const known = (index: number) => values[index] !== null && values[index] !== undefined
    return [...values.keys()].filter((index) => known(index) && !known(index - 1) && !known(index + 1))
  },
}

function options(kind: 'price' | 'premium', colour: (name: string) => string): Omit<uPlot.Options, 'width' | 'height'> {
  const axis = { stroke: colour('--ink-faint'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } }
  const decimals = kind === 'price' ? 0 : 2
  const value = (_: uPlot, figure: number | null) => (figure === null || figure === undefined ? '–' : number(figure, decimals))
  const utc = (moment: number) => uPlot.tzDate(new Date(moment * 1000), 'Etc/UTC')
  const series: uPlot.Series[] =
    kind === 'price'
      ? [
          { label: '종가(원)', stroke: colour('--accent'), width: 2, value, points: lonely },
          { label: 'NAV(원)', stroke: colour('--warm'), width: 1.5, dash: [5, 4], value, points: lonely },
        ]
      : [{ label: '괴리율(%)', stroke: colour('--down'), fill: colour('--accent-soft'), width: 1.5, value, points: lonely }]
  return {
    tzDate: utc,
    series: [{ label: '날짜', value: (_, moment) => (moment === null ? '–' : date(new Date(moment * 1000).toISOString())) }, ...series],
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((tick) => tickName(tick, ticks)), space: 70 },
      { ...axis, size: 64, space: kind === 'price' ? 40 : 22, values: (_, ticks) => ticks.map((tick) => number(tick, kind === 'price' ? 0 : 1)) },
    ],
    scales: { x: { time: true }, ...(kind === 'premium' && { y: { range: aroundZero } }) },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false }, sync: { key: 'etf-prices' } },
    legend: { live: true },
  }
}

/** A range in which zero is seen. */
function aroundZero(_: uPlot, low: number, high: number): uPlot.Range.MinMax {
  return [Math.min(low, 0) * 1.1 - 0.05, Math.max(high, 0) * 1.1 + 0.05]
}

function tickName(tick: number, ticks: number[]): string {
  const day = new Date(tick * 1000)
  const span = (ticks.at(-1)! - ticks[0]!) / DAY_S
  const month = `${day.getUTCMonth() + 1}월`
  if (span > 300) return `${String(day.getUTCFullYear()).slice(2)}년 ${month}`
  return span > 60 ? month : `${day.getUTCMonth() + 1}. ${day.getUTCDate()}.`
}
