// Verified questions have places that names and figures go into: "{stock}를 담은 ETF".

const PLACES: Record<string, string> = {
  etf: 'ETF', stock: '종목', period: '기간', date: '날짜', tag: '테마', company: '운용사', n: 'n', percent: 'n%', amount: '금액',
  index: '지수', industry: '업종',
}

export interface Piece {
  text: string
  /** Whether this piece stands for a name or a figure. */
  place: boolean
}

/** A verified question cut at its places; the second ETF is ETF 2. */
export function pieces(question: string): Piece[] {
  return question.split(/(\{[a-z_]+\d*\})/).filter(Boolean).map((text) => {
    const [, name, number] = /^\{([a-z_]+)(\d*)\}$/.exec(text) ?? []
    const place = name && PLACES[name]
    return place ? { text: number ? `${place} ${number}` : place, place: true } : { text, place: false }
  })
}
