// The words of the database in Korean.

export const STATUSES: Record<string, string> = {
  answered: '답함', refused: '거절', clarify: '되물음', failed: '실패', cancelled: '멈춤',
}

export const SOURCES: Record<string, string> = { verified: '검증된 질의', reading: '질문 읽기', model: 'AI 모델' }

export const EXAMPLE_STATUSES: Record<string, string> = { candidate: '후보', verified: '검증됨', retired: '보관' }

export const STAGES: Record<string, string> = {
  link: '이름 찾기', examples: '예시 찾기', think: '모델', query: '질의', answer: '답 쓰기', embed: '임베딩', follow_up: '이어진 질문', turn: '차례 기다림',
}

export const RUN_STATUSES: Record<string, string> = { loaded: '수집됨', rejected: '거부됨', failed: '실패', holiday: '휴장' }

export const COLLECTION_SOURCES: Record<string, string> = { krx: 'KRX', files: '파일', sample: '예시 자료' }
