"""Words around names in a Korean question: what may follow a name, and ordinary words that are also names."""

from __future__ import annotations

import re

_PARTICLES = (
    "라도", "이라도", "엔", "에선", "면서", "이면서", "부터는", "까지는", "와는", "과는", "보단", "에만",
    "은", "는", "이", "가", "을", "를", "의", "에", "에서", "에게", "에는", "에도", "로", "으로", "와", "과", "랑",
    "이랑", "하고", "보다", "부터", "까지", "도", "만", "나", "이나", "처럼", "마다", "이며", "며", "이면", "면",
    "인", "라는", "이라는", "란", "이란", "라고", "이라고", "야", "이야", "요", "이요", "입니까", "인데", "인가",
    "인가요", "이고", "들", "중", "중에", "중에서", "내", "별", "측", "같은", "대비", "말고", "한테", "께", "께서",
    "이든", "든", "든지", "이든지", "조차", "밖에", "뿐", "째", "씩", "님", "관련", "급", "간", "쪽", "사이",
    "가운데", "및", "또는", "이지", "지", "죠", "이죠", "였", "이었",
)  # fmt: skip
_FOLLOWERS = (
    "etf", "etfs", "이티에프", "주식", "주가", "종목", "비중", "지분", "보유", "관련주", "테마", "테마주", "섹터",
    "업종", "수수료", "보수", "총보수", "가격", "시세", "종가", "수익률", "괴리율", "구성종목", "구성", "투자",
    "담은", "담고", "담는", "담긴", "편입", "그룹", "계열", "펀드", "운용", "운용사", "상품", "지수", "추종",
    "순자산", "규모", "코드", "매수", "매도", "비교", "보유한", "편입한", "거래량", "배당", "현재가", "순자산가치",
    "설정", "상장일", "상장", "브랜드", "회사", "산업", "시장", "주", "형", "전부", "모두", "전체", "둘다", "각각",
    "현황", "정보", "특징", "목록", "순위", "개수", "갯수", "기준", "최근", "얼마", "뭐", "어때", "알려줘", "보여줘",
    "포함", "제외", "없는", "있는", "싼", "저렴", "최저", "최대", "최소", "상위", "하위", "투자비중", "보유비중",
    "편입비중", "보유종목", "편입종목", "보유량", "수량",
)  # fmt: skip

_ALTERNATIVES = "|".join(sorted(map(re.escape, _FOLLOWERS), key=len, reverse=True))
_ENDINGS = "|".join(sorted(map(re.escape, _PARTICLES), key=len, reverse=True))
# What may be left of a run of letters after a name: 삼성전자|를, 반도체|ETF에서, 카카오|비중은.
TAIL = re.compile(rf"(?i)(?:(?:{_ALTERNATIVES})*(?:{_ENDINGS}){{0,2}})")

# Names of listed companies, or nicknames, that are ordinary words first. They need evidence around them.
ORDINARY = frozenset(
    """
    가치 경방 고가 고영 골드 광무 국내 국민 그린 글로벌 금리 금호 기계 기술 기업 나노 나라 나무가 남성 노을 노타
    다우 다음 단기 달러 대교 대덕 대동 대모 대상 대신 대우 대웅 대원 대창 대표 대한 대한민국 대현 덕성 도부 동방
    동서 동양 동원 디지털 러셀 레딧 레몬 레이 루멘스 루시드 리치 마이다스 매도 매수 매커스 맥날 머큐리 머티리얼즈
    메카로 모비스타 물가 미디어 미래 미만 바른손 바이오텍 바이온 방림 배그 배럴 보락 보령 보유 부방 부품 불닭 비자
    비타 사람인 산업 삼영 삼일 삼진 상보 상위 생건 서남 서비스 서산 서클 선진 설비 성우 성장 세계 세니젠 세방 세중
    소재 손오공 솔루션 스마트 스타 스피어 시가 시에나 시장 시티 신고 신고가 신라 신원 신한 신흥 실버 써클 쏘카
    아세아 아처 아하 알리 야스 양지사 어제 업종 에너지 에이스 엔터 엔화 오공 오늘 오로라 오리콤 오아 우량 우리
    우리로 우선 우성 우주 운송 원익 원자 원준 원큐 원포유 월드 웬디 위너스 위메 유가 유니온 유니콘 유니크 유니티
    유라클 유신 이노 이상 이스트 이지스 이하 인산가 인터 자이 장기 장비 저가 전방 정다운 제우스 제일 종가 주요 중기
    지금 진도 진영 질경이 채비 초과 최근 카스 캐리 코드 코디 퀀텀 크래 클리오 타깃 타임 태성 태양 테라 테스 테크
    파워 파인 파크 편입 포커스 포톤 플러스 핑거 하나 하나로 하림 하스 하위 하이 하츠 한국 한미 한창 한탑 해외 핵심
    현대 현재 호신 홀딩스 화신 환율 흥구 흥국 히어로즈
    """.split()  # noqa: SIM905
)

# Latin words and abbreviations of the field that are also tickers or company names.
ORDINARY_LATIN = frozenset(
    """
    a above active ai all also america american an and any api ar are as at atm aum average ball battery be below
    best between bio block bond both bought box brand brands but buy by can car care cash cat cd cheapest china cn
    cny cofix companies company compare count crown csv date day did dividend do does dow either els eps er esg ess
    etf etfs etn eur ev fast fee fees first for fox from fund funds gap gem give global go grab had has hbm he
    health high hk hold holding holdings holds how i icon if in index india insight inverse iot ipo irp is isa it
    itm its japan jp jpy json key kofr korea kr krw largest last least less leverage link list low m7 manager
    managers many market markets match me mmf month monthly more most mtd much my nav new next nice no not now nr
    number of old on one only open or orange otm ott over passive pbr pc per pool pr price prices qtd reit reits roe
    roi rp same screen sdv sea sell semiconductor share shares shift show since smallest snap so sofr sold source
    sql stock stocks stride sum tag tags target tdf team tell than the their theme themes then there time to toast
    today top total tr trade trend tv two under unity up us usa usd vale vital vr was waters we week weight weights
    well were what which who wise with xr year ytd
    """.split()  # noqa: SIM905
)

# Evidence that an ordinary word is meant as a company: 대상 주식, 대상(001680), ‘대상’을 담은.
EVIDENCE_AFTER = re.compile(r"\s*(?:주식|주가|종목|우선주|홀딩스|\(\d|['’\"”」])")
EVIDENCE_HELD = re.compile(
    r"(?:을|를)\s*(?:가장\s*|제일\s*|많이\s*|새로\s*|함께\s*|같이\s*)*(?:담|보유|편입|들고|사들|매수|매도)"
)
EVIDENCE_AGAINST = re.compile(r"(?:투자|비교|적용|조사|분석|편입|관심|추천|매수|매도|이|그|저|어떤|무슨)\s*$")

# Words that begin with the name of a theme and mean something else.
COMPOUND = re.compile(r"배당(?:수익률|금|락|률|소득|성향)|금(?:리|액|융|일|년|주)|인도(?:네시아|량)|전력(?:질주)")

# What makes a group's name mean its manager: 삼성 ETF, 한화가 운용하는.
MANAGES = re.compile(
    r"(?i)\s*(?:자산\s*)?(?:의\s*|이\s*|가\s*|에서\s*)?"
    r"(?:운용|굴리는|출시|내놓은|낸|만든|(?:전체\s*|모든\s*|액티브\s*)?(?:ETF|이티에프))"
)

# Words after a brand that are no part of an ETF's name: KODEX 중에서, TIGER 수수료.
AFTER_BRAND = re.compile(
    "(?i)etf|이티에프|중|의|가장|제일|상위|하위|순자산|규모|수수료|보수|총보수|얼마|몇|어떤|어느|무엇|뭐|보유|비중|편입|담|들고|"
    "운용|알려|보여|추천|목록|전체|모든|모두|비교|찾아|수는|개수|종류|목록|브랜드|상품|회사|그리고|괴리|종가|가격|거래|언제|최근|지난|이번|"
    r"\d+개|\d+월|\d+일|\d{4}년?"
)

# Words of questions that no typo correction may turn into a name.
QUESTION = re.compile(
    "하나|둘|셋|여러|서로|혹시|우리|사람|"
    "얼마|어떤|어느|무엇|뭐|언제|누가|몇|개수|갯수|종류|목록|순위|알려|보여|찾아|비교|계산|설명|정리|요약|추천|"
    "분석|차이|공통|중복|겹치|유사|비슷|담은|담고|담는|담긴|보유|편입|구성|비중|수수료|보수|가격|종가|시가|고가|"
    "저가|거래|괴리|순자산|상장|배당|분배|수익|하락|상승|오른|내린|올랐|내렸|많이|적게|가장|제일|높은|낮은|큰|"
    "작은|이상|이하|초과|미만|넘는|사이|최근|오늘|어제|지난|이번|작년|올해|연초|연말|매수|매도|샀|팔|늘|줄|새로|"
    "추가|제외|신규|편출|변동|변화|추이|운용|회사|브랜드|상품|펀드|종목|주식|지수|테마|섹터|업종|산업|투자|시장|"
    "국내|해외|전체|모든|각각|함께|동시|그리고|하지만|또는|아니|있는|없는|있나|있어|없어|인가|입니|합니|해줘|"
    "주세요|줘|돼|되는|하는|했|할|싶|좋|나와|나온|보다|대해|대한|관한|관련|경우|기준|날짜|기간|동안|평균|합계|"
    "합쳐|총|최대|최소|최고|최저|상위|하위|순서|정렬|레버리지|인버스|액티브|패시브|환헤지|합성|실물|이름|코드|"
    "번호|종목코드|예측|전망|세금|실시간|현재|지금"
)
