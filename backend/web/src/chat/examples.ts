import type { IconName } from '../icons'

export interface Featured {
  icon: IconName
  topic: string
  question: string
}

export const FEATURED: Featured[] = [
  { icon: 'holders', topic: '담은 ETF', question: '삼성전자를 가장 많이 담은 ETF는?' },
  { icon: 'fee', topic: '보수', question: '보수율 낮은 반도체 ETF 추천해줘' },
  { icon: 'trades', topic: '매매', question: '액티브 ETF 운용사들이 요즘 어떤 종목을 사고 팔까?' },
  { icon: 'basket', topic: '구성종목', question: 'KODEX 200 구성종목 상위 10개 보여줘' },
]

export const MORE: { topic: string; questions: string[] }[] = [
  { topic: '보유', questions: ['삼성전자와 NAVER를 모두 담은 ETF는?', 'SK하이닉스를 20% 넘게 담은 ETF는?'] },
  { topic: '비교', questions: ['KODEX 200과 TIGER 200은 얼마나 겹쳐?', 'KODEX 200과 가장 비슷한 ETF는?'] },
  { topic: '정보', questions: ['KODEX 200 보수는?', '순자산이 가장 큰 ETF 10개는?', 'KBSTAR 200은 지금 이름이 뭐야?'] },
  { topic: '가격', questions: ['KODEX 200의 최근 한 달 수익률은?', '최근 한 달 KODEX 200의 괴리율이 가장 높았던 날은?'] },
]
