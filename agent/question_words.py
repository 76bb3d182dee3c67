"""Words that mean the same in questions about ETFs, and the endings that mean nothing.

A question is reduced to concepts so that "수수료가 제일 싼" and "보수가 가장 낮은" lie near each other although they share no letters.
"""

import re
from collections.abc import Mapping

# Concept → stems and phrases, matched inside a word or across spaces; the longest match wins.
CONCEPTS: Mapping[str, tuple[str, ...]] = {
    # figures
    "fee": ("총보수", "운용보수", "보수율", "보수", "수수료", "비용", "expense ratio", "expense", "fee", "ter"),
    "weight": ("비중", "비율", "퍼센트", "프로", "weight", "percentage", "차지"),
    "size": ("순자산", "규모", "시가총액", "시총", "운용자산", "덩치", "사이즈", "aum", "net assets", "assets under"),
    "listing": ("상장일", "상장", "출시", "데뷔", "listed", "listing", "launched", "inception"),
    "manager": ("운용사", "자산운용사", "운용회사", "굴리", "managed by", "manager", "issuer"),
    "index": ("기초지수", "추종지수", "벤치마크", "지수", "추종", "index", "benchmark", "track"),
    "price": ("종가", "가격", "주가", "시세", "마감", "closing price", "close", "price"),
    "nav": ("순자산가치", "기준가", "nav", "net asset value"),
    "premium": ("괴리율", "괴리", "프리미엄", "디스카운트", "premium", "discount"),
    "return": ("수익률", "등락률", "성과", "올랐", "상승률", "하락률", "return", "performance", "gain", "벌었", "수익"),
    "volume": ("거래량", "volume"),
    "count": ("개수", "몇개", "몇 개", "몇종목", "몇 종목", "종목수", "몇 가지", "몇종", "몇 종", "how many", "number of"),
    "day count": ("며칠", "몇일", "몇 일", "몇번", "몇 번", "일수", "how many days"),
    "replication": ("복제", "합성", "실물", "replication"),
    "leverage": ("레버리지", "인버스", "배수", "leverage", "inverse"),
    "asset class": ("자산군", "자산 유형", "기초자산", "자산유형", "asset class"),
    "industry": ("업종", "산업", "섹터", "industry", "sector"),
    "code": ("종목코드", "코드", "단축코드", "code", "ticker"),
    "isin": ("isin", "표준코드", "국제표준"),
    "name": ("이름", "명칭", "name", "called"),
    "cash": ("현금", "예금", "cash"),
    "bond": ("채권", "bond"),
    "derivative": ("파생", "선물", "스왑", "옵션", "derivative", "futures", "swap"),
    # relations
    "hold": ("담", "들고", "편입", "보유", "들어", "포함", "가지고", "가진", "구성", "hold", "own", "contain", "include"),
    "holding": ("구성종목", "보유종목", "보유 종목", "편입종목", "포트폴리오", "pdf", "constituent", "holdings", "components"),
    "overlap": ("겹치", "겹쳐", "겹친", "겹", "중복", "공통", "overlap", "common", "shared"),
    "similar": ("비슷", "유사", "닮", "대체", "similar", "alike", "like"),
    "together": ("같이", "함께", "둘다", "둘 다", "모두", "동시", "다 담", "both", "together"),
    "without": ("없는", "없이", "제외", "빼고", "뺀", "안담", "안 담", "않", "아닌", "빠진", "말고", "without", "but not",
                "exclud", "not in"),
    "compare": ("비교", "차이", "어느쪽", "어느 쪽", "중에 더", "versus", "vs", "compare", "difference", "than"),
    "concentration": ("집중", "쏠", "쏠림", "concentrat"),
    "sum": ("합계", "합은", "더하면", "합쳐", "합하", "합이", "총합", "sum", "total", "combined", "altogether"),
    # trades
    "buy": ("샀", "산종목", "산 종목", "매수", "사들", "늘린", "늘렸", "확대", "사고", "담기 시작", "bought", "buy", "purchas",
            "increase", "added"),
    "sell": ("팔", "매도", "줄인", "줄였", "축소", "덜어", "처분", "정리", "sold", "sell", "reduce", "trim", "cut"),
    "new": ("신규", "새로", "처음 담", "새롭게", "new", "newly"),
    "out": ("편출", "전량", "뺀", "제외", "빠진", "퇴출", "dropped", "removed", "exited"),
    "trade": ("매매", "거래한", "사고팔", "사고판", "변경", "바꾼", "바뀐", "바뀌", "리밸런싱", "교체", "changed", "trade", "rebalanc"),
    "active": ("액티브", "active"),
    "history": ("추이", "흐름", "추세", "변화", "변했", "변해", "히스토리", "날짜별", "over time", "trend", "history", "evolve"),
    "then": ("당시", "그때", "예전", "과거", "then"),
    "now": ("지금", "현재", "요즘", "최신", "now", "current", "latest"),
    "first time": ("처음", "최초", "언제부터", "first"),
    # order
    "top": ("가장 많", "제일 많", "가장 높", "제일 높", "가장 큰", "제일 큰", "가장 비", "상위", "톱", "1위", "최고", "최대", "top", "most",
            "highest", "largest", "biggest", "많이", "높은", "큰"),
    "bottom": ("가장 적", "제일 적", "가장 낮", "제일 낮", "최저", "최소", "저렴", "싼", "싸", "낮은", "적은", "작은", "하위", "lowest",
               "cheapest", "least", "smallest", "cheap"),
    "above": ("이상", "넘는", "넘게", "넘은", "초과", "보다 많", "보다 큰", "보다 높", "at least", "above", "over", "more than", "exceed"),
    "below": ("이하", "미만", "보다 적", "보다 작", "보다 낮", "밑도", "밑인", "아래", "below", "under", "less than", "at most"),
    "average": ("평균", "average", "mean"),
    "recent": ("최근에 상장", "최근 상장", "신상", "newest", "recently"),
    "old": ("오래된", "오래", "oldest"),
    # things refused
    "forecast": ("전망", "예측", "오를까", "내릴까", "갈까", "오를 것", "유망", "목표가", "앞으로", "forecast", "predict", "will it",
                 "going to", "outlook"),
    "advice": ("추천", "사도 될", "살까", "팔까", "사야", "팔아야", "괜찮", "어떤 걸 사", "recommend", "should i"),
    "live": ("실시간", "지금 얼마", "현재가", "장중", "호가", "live", "real-time", "right now"),
    "tax": ("세금", "과세", "세율", "양도세", "소득세", "절세", "isa", "연금저축", "tax"),
    "dividend": ("분배금", "배당금", "배당률", "분배율", "배당수익률", "dividend", "distribution", "yield"),
    "news": ("뉴스", "소식", "이슈", "공시", "news"),
    "trading day": ("휴장", "개장", "거래일", "쉬는", "장이 열", "장 열", "휴일", "trading day", "holiday", "open on"),
    "former name": ("옛", "예전 이름", "바뀐 이름", "이름이 바", "구 이름", "개명", "former", "used to be", "renamed"),
}

# What carries no meaning of its own: politeness, requests, fillers. Removed at the end of a word or as a word.
STOP_WORDS = frozenset(
    "알려줘 알려주세요 알려줄래 알려달라 알려줘요 보여줘 보여주세요 보여줄래 보여줘요 말해줘 말해주세요 뭐야 뭐지 뭐니 뭐임 뭐예요 뭔가요 뭔지 무엇 "
    "무엇인가요 무엇인지 무엇이야 뭐가 뭘 뭐 좀 한번 혹시 궁금해 궁금합니다 궁금해요 궁금한데 부탁해 부탁해요 부탁드려요 부탁드립니다 주세요 줘 "
    "있어 있어요 있나 있나요 있습니까 있을까 있을까요 있지 인가요 인가 인지 일까 일까요 이야 야 지 요 the a an of is are was were what which "
    "please me show tell give list do does did in on for to by with and there that it i you can".split()
)

PARTICLES = tuple(
    sorted(
        "을 를 은 는 이 가 의 에 에서 에게 께 와 과 랑 이랑 하고 도 로 으로 부터 까지 이나 나 라도 이라도 란 이란 이라는 라는 에는 에서는 "
        "에도 이야 야 인가요 인가 인지 예요 이에요 입니까 이었어 였어 이었나 였나 였지 이지 들 들은 들이 들을 들의 님".split(),
        key=len,
        reverse=True,
    )
)

_MASK = re.compile(r"⟨[^⟩]*⟩")


def _phrases() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]:
    """Every phrase, longest first, with what finds it and the concepts that it names."""
    named: dict[str, list[str]] = {}
    for concept, phrases in CONCEPTS.items():
        for phrase in phrases:
            named.setdefault(phrase, []).append(concept)
    found = []
    for phrase in sorted(named, key=lambda phrase: (-len(phrase), phrase)):
        latin = phrase[0].isascii()
        pattern = rf"\b{re.escape(phrase)}" if latin else r"\s?".join(map(re.escape, phrase.replace(" ", "")))
        found.append((phrase, re.compile(pattern), tuple(named[phrase])))
    return tuple(found)


_PHRASES = _phrases()


def concepts(text: str) -> list[str]:
    """The concepts that a lower-case question speaks of, sorted; a phrase inside a longer known phrase does not count."""
    rest, found = _MASK.sub(" ", text), set()
    for phrase, pattern, names in _PHRASES:
        if phrase[0] not in rest:
            continue
        shorter = pattern.sub("·", rest)
        if shorter != rest:
            found.update(names)
            rest = shorter
    return sorted(found)
