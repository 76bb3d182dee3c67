/** Seconds until something may be tried again, in words: 45초, 2분 5초, 1시간 3분. */
export function waitWords(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  if (hours > 0) return minutes > 0 ? `${hours}시간 ${minutes}분` : `${hours}시간`
  if (minutes > 0) return rest > 0 ? `${minutes}분 ${rest}초` : `${minutes}분`
  return `${rest}초`
}
