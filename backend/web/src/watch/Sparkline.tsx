const WIDTH = 96
const HEIGHT = 28
const MARGIN = 2

/** The last closes as a small line; the figures beside it say what it shows. Unknown days are passed over. */
export function Sparkline({ closes }: { closes: (number | null)[] }) {
  const known = closes.flatMap((close, index) => (close === null ? [] : [[index, close] as const]))
  if (known.length < 2) return <span className="sparkline" />
  const values = known.map(([, close]) => close)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const x = (index: number) => MARGIN + (index / (closes.length - 1)) * (WIDTH - 2 * MARGIN)
  const y = (close: number) => (high === low ? HEIGHT / 2 : HEIGHT - MARGIN - ((close - low) / (high - low)) * (HEIGHT - 2 * MARGIN))
  const [first, last] = [values[0]!, values.at(-1)!]
  const trend = last > first ? 'up' : last < first ? 'down' : 'flat'
  return (
    <svg className={`sparkline ${trend}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true" focusable="false">
      <polyline points={known.map(([index, close]) => `${x(index).toFixed(1)},${y(close).toFixed(1)}`).join(' ')} />
      <circle cx={x(known.at(-1)![0])} cy={y(last)} r="2" />
    </svg>
  )
}
