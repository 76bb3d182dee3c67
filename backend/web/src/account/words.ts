// How the page of an account says when something was.

const FORMAT = new Intl.DateTimeFormat('ko-KR', {
  timeZone: 'Asia/Seoul', year: 'numeric', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
})

/** A moment as 2026년 7월 8일 13:05, in Korea's time. */
export function moment(iso: string): string {
  return FORMAT.format(new Date(iso))
}
