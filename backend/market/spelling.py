"""One spelling for the many ways a name is written: what search compares is `fold(name)` with `fold(query)`.

Folding runs over names and queries alike, so a replacement that looks odd inside one name (솔브레인 → sol브레인) does
no harm: both sides become the same. What may not happen is that two different names become one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from backend.market.hangul import is_letter

# Spoken or Korean spellings and the one spelling they are folded to. Longer ones win over those they contain.
TRANSLITERATIONS: dict[str, str] = {
    # brands of ETFs
    "코덱스": "kodex", "코댁스": "kodex", "코덱쓰": "kodex", "타이거": "tiger", "라이즈": "rise", "에이스": "ace",
    "쏠": "sol", "솔": "sol", "플러스": "plus", "키움": "kiwoom", "하나로": "hanaro", "코액트": "koact",
    "코엑트": "koact",
    "타임폴리오": "time", "timefolio": "time", "타임": "time", "원큐": "1q", "포커스": "focus",
    "유니콘": "unicorn", "비타": "vita",
    "트러스톤": "truston", "트렉스": "trex", "파워": "power", "마이티": "mighty", "마이다스": "midas",
    "히어로즈": "heroes",
    "케이비스타": "kbstar", "킨덱스": "kindex", "아리랑": "arirang", "코세프": "kosef", "스마트": "smart",
    "케이탑": "ktop",
    # indexes and places they are named for
    "에스앤피": "sp", "에스엔피": "sp", "에스앤드피": "sp", "에쓰앤피": "sp", "에센피": "sp", "스앤피": "sp",
    "스탠더드앤드푸어스": "sp", "snp": "sp", "nasdaq": "나스닥", "나스탁": "나스닥", "kospi": "코스피",
    "kosdaq": "코스닥", "dowjones": "다우존스", "다우존즈": "다우존스", "엠에스씨아이": "msci", "닛케이": "니케이",
    "nikkei": "니케이", "토픽스": "topix", "eurostoxx": "유로스톡스", "유로스탁스": "유로스톡스",
    "hangseng": "항셍",
    "russell": "러셀", "nifty": "니프티", "philadelphia": "필라델피아", "블룸버그": "bloomberg",
    "씨에스아이": "csi",
    "케이알엑스": "krx", "에프앤가이드": "fnguide", "솔랙티브": "solactive", "코퍼": "kofr", "소퍼": "sofr",
    "스타50": "star50", "과창판": "star",
    # letters read aloud in the names of groups and companies
    "에스케이": "sk", "엘지": "lg", "케이티앤지": "ktg", "케이티엔지": "ktg", "ktng": "ktg", "케이티": "kt",
    "씨제이": "cj", "지에스": "gs", "엘에스": "ls", "케이비": "kb", "엔에이치엔": "nhn", "엔에이치": "nh",
    "에이치디": "hd",
    "에이치엘비": "hlb", "에이치엠엠": "hmm", "디비": "db", "비엔케이": "bnk", "제이비": "jb", "오씨아이": "oci",
    "에스디아이": "sdi", "에스디에스": "sds", "케이씨씨": "kcc", "에스오일": "soil", "에쓰오일": "soil",
    "엘아이지": "lig", "에이치엘": "hl", "디엘": "dl", "에스비에스": "sbs", "제이와이피": "jyp", "와이지": "yg",
    "에스엠": "sm", "케이카": "kcar", "에이피알": "apr", "티에스엠씨": "tsmc", "에이에스엠엘": "asml",
    "에이엠디": "amd",
    "아이비엠": "ibm", "비와이디": "byd", "포스코": "posco", "네이버": "naver", "디엑스": "dx", "이엔에이": "ena",
    "엔씨소프트": "nc소프트", "엔씨": "nc", "비지에프": "bgf", "이마트": "emart",
    # words in the names of ETFs
    "에이아이": "ai", "이티에프": "etf", "티디에프": "tdf", "이에스지": "esg", "에이치비엠": "hbm", "씨디": "cd",
    "리츠": "reits", "리쯔": "reits", "reits": "reits", "reit": "reits",
    "레버러지": "레버리지", "래버리지": "레버리지", "엑티브": "액티브",
    "이차전지": "2차전지", "사차산업": "4차산업", "탑텐": "top10", "톱텐": "top10", "탑10": "top10",
    "톱10": "top10",
    "탑3": "top3", "톱3": "top3", "탑쓰리": "top3", "탑5": "top5", "톱5": "top5", "투엑스": "2x",
    "벨류업": "밸류업",
    "valueup": "밸류업", "벨류": "밸류", "컨텐츠": "콘텐츠", "컬쳐": "컬처",
    "coveredcall": "커버드콜", "커버드컬": "커버드콜", "카버드콜": "커버드콜", "토탈리턴": "tr",
    "빅태크": "빅테크", "bigtech": "빅테크", "데이타": "데이터",
    "korea": "코리아", "china": "차이나", "헬쓰케어": "헬스케어", "차이넥스트": "chinext",
    "하이일드": "highyield", "bitcoin": "비트코인", "vietnam": "베트남",
}  # fmt: skip

# What ETFs were called before their managers renamed the brand. The rest of the name usually stayed.
OLD_BRANDS: dict[str, tuple[str, ...]] = {
    "kbstar": ("rise",),
    "kindex": ("ace",),
    "네비게이터": ("ace",),
    "arirang": ("plus",),
    "kosef": ("kiwoom",),
    "heroes": ("kiwoom",),
    "smart": ("sol",),
    "ktop": ("1q",),
    "흥국": ("hk",),
    "mighty": ("mighty",),
}

# What people say around a name without meaning a part of it.
NOISE = (
    "상장지수펀드", "상장지수투자신탁", "etf", "주식회사", "주가", "주식", "종목", "기업", "회사", "지수", "테마",
    "섹터", "관련주",
)  # fmt: skip

_FOLD = re.compile("|".join(sorted((re.escape(word) for word in TRANSLITERATIONS), key=len, reverse=True)))

_DIGITS = {"영": 0, "공": 0, "일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "육": 6, "칠": 7, "팔": 8, "구": 9}
_UNITS = {"십": 10, "백": 100, "천": 1000}
_NUMERAL = "(?:[일이삼사오육칠팔구]?[십백천])+[일이삼사오육칠팔구]?"
# A numeral is read as a number only where one belongs: after an index or a brand, before 년, or as a word of its own.
_NUMERAL_AFTER = re.compile(
    "(나스닥|코스피|코스닥|니케이|니프티|러셀|항셍|다우|유로스톡스|topix|msci|krx|csi|star|sp|"
    f"kodex|tiger|rise|ace|sol|plus|kiwoom|hanaro|koact|time|kbstar|kindex|arirang|kosef|heroes)({_NUMERAL})(?!화점|산|광)"
)
_NUMERAL_BEFORE = re.compile(f"({_NUMERAL}|[삼오])(?=년(?:물|만기|국|채|미|$))|(?<![가-힣])({_NUMERAL})(?=년)")
_NUMERAL_ALONE = re.compile(rf"(?<!\S)({_NUMERAL})(?!\S)")

_LEGAL = re.compile(
    r"(?i)(?:(?:^|[\s,/-])(?:inc|incorporated|corp|corporation|co|company|ltd|limited|plc|llc|lp|sa|s\.a|se|ag|nv|n\.v|ab|asa|"
    r"a/s|as|oyj|spa|s\.p\.a|kk|pcl|tbk|bhd|kgaa|sab|the|holdings?|hldgs?|hold|group|grp|gmbh|de cv|ord|common stock|"
    r"sp(?:on(?:s(?:ored)?)?)?|adr|ads|gdr|(?:class|cl)\s+[a-h]|[a-h]|reit)|\((?:cn|hk|us)\))[.\s]*$"
)


def number(words: str) -> int:
    """Read a number spelled in Sino-Korean words: 백오십 → 150."""
    total = current = 0
    for word in words:
        if word in _UNITS:
            total += (current or 1) * _UNITS[word]
            current = 0
        else:
            current = current * 10 + _DIGITS[word]
    return total + current


def normalise(text: str) -> str:
    """Drop case, spaces, punctuation and width: `S&P 500 (H)` → `sp500h`. Letters, digits and Hangul stay."""
    composed = unicodedata.normalize("NFC", text)
    # NFKC would turn lone Hangul letters into conjoining ones, which no keyboard types.
    plain = "".join(c if is_letter(c) else unicodedata.normalize("NFKC", c) for c in composed).casefold()
    return "".join(c for c in plain if c.isalnum())


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Normalise, then bring transliterations and spelled-out numbers to one spelling: 코덱스 이백 → kodex200."""
    spaced = _NUMERAL_ALONE.sub(lambda found: str(number(found[1])), text)
    folded = _FOLD.sub(lambda found: TRANSLITERATIONS[found[0]], normalise(spaced))
    folded = _NUMERAL_AFTER.sub(lambda found: f"{found[1]}{number(found[2])}", folded)
    return _NUMERAL_BEFORE.sub(lambda found: str(number(found[1] or found[2])), folded)


def issuer(name: str) -> str:
    """Fold a company's name without its legal form and share class: `Alphabet Inc-CL C` → `alphabet`.

    Two listings of one company have the same issuer.
    """
    plain, previous = name.strip(), ""
    while plain != previous:
        previous, plain = plain, _LEGAL.sub("", plain).strip(" ,.-")
    return fold(plain) or fold(name)


def without_noise(form: str) -> str:
    """Drop words such as ETF and 주식 that surround a folded name; the form itself if nothing else is left."""
    trimmed = form
    for word in NOISE:
        trimmed = trimmed.removesuffix(word).removeprefix(word if word in ("주식회사", "etf") else "\0")
    return trimmed or form


def current_brands(form: str) -> list[tuple[str, str, str]]:
    """Replace an old brand at the start of a folded name by its successors: (old, new, form) each."""
    return [
        (old, new, new + form.removeprefix(old))
        for old, successors in OLD_BRANDS.items()
        if form.startswith(old)
        for new in successors
        if new != old
    ]


def bigrams(form: str) -> list[str]:
    """All pairs of neighbouring characters, each once: what finds a two-syllable fragment that trigrams miss."""
    return sorted({form[i : i + 2] for i in range(len(form) - 1)})
