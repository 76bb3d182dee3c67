// How the page of an account says what the server tells of devices and of the webhook.

const SYSTEMS: [RegExp, string][] = [
  [/iPhone|iPod/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/CrOS/, 'Chromebook'],
  [/Windows/, 'Windows'],
  [/Macintosh|Mac OS/, 'Mac'],
  [/Linux/, 'Linux'],
]
/** In this order: each names itself beside those it is made of. */
const BROWSERS: [RegExp, string][] = [
  [/SamsungBrowser/, '삼성 인터넷'],
  [/Whale/, '웨일'],
  [/Edg(A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox|FxiOS/, 'Firefox'],
  [/Chrome|CriOS|Chromium/, 'Chrome'],
  [/Safari/, 'Safari'],
]

/** A browser's User-Agent as people call it: Windows의 Chrome. What is none is given back, shortened. */
export function deviceName(agent: string): string {
  const find = (names: [RegExp, string][]) => names.find(([form]) => form.test(agent))?.[1]
  const [system, browser] = [find(SYSTEMS), find(BROWSERS)]
  if (system && browser) return `${system}의 ${browser}`
  return browser ?? system ?? (agent.trim().slice(0, 40) || '알 수 없는 기기')
}

const FORMAT = new Intl.DateTimeFormat('ko-KR', {
  timeZone: 'Asia/Seoul', year: 'numeric', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
})

/** A moment as 2026년 7월 8일 13:05, in Korea's time. */
export function moment(iso: string): string {
  return FORMAT.format(new Date(iso))
}
