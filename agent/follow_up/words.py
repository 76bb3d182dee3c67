"""How questions point back: the words that mean something said before, and sentences that are only part of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.reading.question import Question
from agent.reading.settling import FILTERS
from agent.reading.vocabulary import load_vocabulary

_ORDINALS = {
    "첫": 1, "한": 1, "두": 2, "둘": 2, "세": 3, "셋": 3, "네": 4, "넷": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9, "열": 10,
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1, "마지막": -1, "맨 위": 1, "맨 아래": -1, "맨 밑": -1,
}  # fmt: skip
_ETF = r"(?:ETF|이티에프|상품|펀드)"
_THING = rf"(?:거|것|건|게|놈|애|종목|주식|{_ETF})"
_BEHIND = r"(?![가-힣]*(?:번째|인덱스))"
# kind → its spellings; the first that matches a text decides.
_REFERENCES: tuple[tuple[str, str], ...] = (
    ("first", r"^(?:그중에?서?\s?|이\s?중에?서?\s?)?(?:상위|앞|처음)\s?(?P<place5>\d+)\s?개(?:의|를|만의)?(?=\s)(?!\s*(?:구성|보유|편입)?\s*(?:종목|주식))"),
    ("among", rf"(?:그|이|저|위|앞|걔네|얘네|쟤네)\s?(?:것들?|거|들|{_ETF}들?|종목들?|목록|리스트|결과)?\s?(?:중에서도?|중에는?|중엔|중|가운데에?서?)(?![가-힣])"),
    ("among", r"(?:방금\s)?(?:여기|거기|그 안|이 안|(?:그|이|위|앞|방금)\s?(?:목록|리스트|결과|답|표)|위)(?:에)?서(?:는)?(?=\s)"),
    ("among", r"\b(?:of|among|out of|from)\s+(?:those|these|them|that list|the list)\b(?:\s+(?:etfs?|funds?))?"),
    ("etfs", rf"(?:그|이|저|위)\s?{_ETF}들|(?:그|이|저)것들|걔네(?:들)?(?:\s?둘)?|얘네(?:들)?(?:\s?둘)?|쟤네(?:들)?(?:\s?둘)?|(?:그|이)\s?둘|둘(?=\s?(?:다|은|이|의|를|을|중|사이))|두\s?{_ETF}"),
    ("stocks", r"(?:그|이|저|위)\s?종목들"),
    ("etfs", r"\b(?:those|these)\s+(?:etfs|funds|two)\b|\bthe\s+two\b|\bboth(?:\s+of\s+them)?\b|\bthem\b"),
    ("ordinal", rf"(?P<place>첫|두|세|네|다섯|여섯|일곱|여덟|아홉|열|\d+)\s?번\s?째(?!로)(?:\s?{_THING})?"),
    ("ordinal", rf"(?P<place2>\d+)\s?(?:번|위)(?:\s?{_THING}|(?=이랑|랑|과|와|은|이|을|의|하고|\s|$))(?![가-힣]*\s?중)"),
    ("ordinal", rf"(?P<place3>마지막|맨 위|맨 아래|맨 밑)(?:에)?(?:\s?있는)?\s?{_THING}"),
    ("ordinal", r"\bthe\s+(?P<place4>first|second|third|fourth|fifth|last)(?:\s+(?:one|etf|fund|stock))?(?=\W|$)(?!\s+(?:day|time|week|month|year))"),
    ("company", r"(?:그|이|해당|같은)\s?(?:자산\s?)?(?:운용사|회사|브랜드)|\b(?:that|this|the same|its)\s+(?:manager|issuer|company|provider)\b"),
    ("index", r"(?:그|이|해당|같은)\s?(?:기초\s?)?지수(?!는 어)|\b(?:that|the same|its)\s+index\b"),
    ("tag", r"(?:그|이|해당|같은)\s?(?:테마|섹터)|\b(?:that|the same)\s+theme\b"),
    ("stock", r"(?:그|이|해당|저)\s?(?:종목|주식|기업)(?!들)|\b(?:that|this)\s+stock\b"),
    ("etf", rf"(?:방금\s)?(?:그|이|해당|저)\s?{_ETF}(?!들)|(?:그|이)거(?=[\s는의랑를도?]|$)|(?:그|이)것(?=[은의을도이]|\s)|(?:그|이)건(?=\s)|(?:그|이)게(?=\s)|얘(?!네|기)|걔(?!네)|쟤(?!네)"),
    ("etf", r"(?:여기|거기)(?!에?서)(?=\s|는|의|도)"),
    ("etf", r"\bits\b|\bit\b|\b(?:that|this)\s+(?:etf|fund|one)\b"),
)  # fmt: skip
_OPENING = re.compile(
    r"^(?:(?:아니(?:요|야)?|아뇨|아+|음+|네|응|오+|그럼|그러면|그렇다면|그렇담|근데|그런데|그리고|혹시|반대로|then|and|so|ok(?:ay)?|what about|how about)(?=[\s,])[\s,]*)+",
    re.IGNORECASE,
)
_SUPPOSING = re.compile(
    r"(?:으로|로|라고|이라고|이라)?\s*(?:하면|바꾸면|치면|보면|따지면|바꿔\s?줘|바꿔서|바꿔|다시(?:\s*해\s?줘)?|한다면|라면|이라면)"
    r"(?:\s*(?:어때|어떻게 돼|어떤데|알려줘|보여줘))?\s*\??$"
)
_INSTEAD = re.compile(
    r"^(?:아니\s*)?(?:(?:그거|그것|이거|그게|그건|그 ?ETF)?\s*(?:말고|아니고|아니라)\s+(?=\S)"
    r"|(?:상위\s*)?\d+\s*(?:개|종목)\s*(?:말고|아니고|아니라)\s+(?=(?:상위\s*)?\d))"
)
_NARROWS = re.compile(
    r"(?:빼고|빼줘|빼 줘|빼면|제외하고|제외해|제외|말고|만)(?:\s*(?:보여|알려|추려|골라|다시)[가-힣\s]*)?[?!.]*$"
)
_NAMED = ("etf", "stock", "company", "tag", "index")
_FRAGMENT = (*_NAMED, "date", "quantity", "group", *FILTERS)
_HEADS = (
    "etf_word", "manager", "tag_word", "index_word", "date", "trading_day", "data_date", "industry_word", "group",
)  # fmt: skip
_ASKS = re.compile(
    r"(?:은|는|도|이면|면|로|으로|로는|에는|에서는|에|만|\?)\s*\??$|하면\s*\??$|^(?:what|how) about", re.IGNORECASE
)


@dataclass(frozen=True)
class Reference:
    """Words that mean something said before: what kind of thing, where in the text, and which place of a list."""

    kind: str
    start: int
    end: int
    place: int = 0


def reference(question: Question) -> Reference | None:
    """The first words that point back, unless the question itself names what they mean."""
    for kind, spelling in _REFERENCES:
        for found in re.finditer(spelling, question.text, re.IGNORECASE):
            start = found.start()
            if start and question.text[start - 1].isalnum() and not found[0][0].isascii():
                continue
            named = _inside_a_name(question, start, found.end()) and not found[0].lower().endswith("one")
            if named or _has_antecedent(question, kind, start, found[0]):
                continue
            place = next((group for group in found.groups() if group), "") if kind in ("ordinal", "first") else ""
            return Reference(kind, start, found.end(), _place(place))
    return None


def ordinals(question: Question) -> list[Reference]:
    """Every place of a list that a question names."""
    found = []
    for kind, spelling in _REFERENCES:
        for match in re.finditer(spelling, question.text, re.IGNORECASE) if kind == "ordinal" else ():
            place = next((group for group in match.groups() if group), "")
            found.append(Reference(kind, match.start(), match.end(), _place(place)))
    return sorted(found, key=lambda one: one.start)


def _place(text: str) -> int:
    return int(text) if text.isdigit() else _ORDINALS.get(text.lower(), 0)


def _inside_a_name(question: Question, start: int, end: int) -> bool:
    return any(token.is_entity and token.start < end and start < token.end for token in question.tokens)


def _has_antecedent(question: Question, kind: str, start: int, words: str) -> bool:
    """Whether the question says itself, before these words, what they mean."""
    before = [token for token in question.tokens if token.end <= start]
    kinds = {token.kind for token in before}
    if words.lower() in ("it", "its"):
        return any(token.kind in ("etf", "stock") for token in question.tokens)
    if kind in ("company", "index", "tag", "stock"):
        return bool(kinds & {kind, "etf", "etf_word"})
    if kind == "ordinal":
        # `순자산 2위 ETF는?` names its own order.
        return bool(kinds & set(_NAMED) if question.english else kinds - load_vocabulary().light - {"filler"})
    if re.search("둘|두|both", words, re.IGNORECASE) and sum(token.kind in _NAMED for token in before) > 1:
        return True
    return bool(kinds & {"etf", "etf_word", "tag", "company", "index"})


def opening(text: str) -> int:
    """Where a text begins behind `그럼`, `그리고`, `what about`."""
    found = _OPENING.match(text)
    return found.end() if found else 0


def instead_of_that(text: str) -> str | None:
    """`그럼 TIGER 200` of `그거 말고 TIGER 200`; None where nothing is put in place of what was said."""
    found = _INSTEAD.match(text)
    return None if found is None else f"그럼 {text[found.end() :]}"


def supposed(text: str) -> str | None:
    """What is supposed instead: `반도체` of `반도체로 하면?`, put as a question; None where nothing is."""
    found = _SUPPOSING.search(text)
    return None if found is None or not found.start() else f"{text[: found.start()]}는?"


def content(question: Question) -> list:
    """The tokens that say something."""
    light = load_vocabulary().light
    return [token for token in question.tokens if token.kind not in light and token.kind != "filler"]


def is_fragment(question: Question) -> bool:
    """Whether it is names, dates and numbers only, put as a question about them: `그럼 하이닉스는?`, `작년에는?`."""
    start = opening(question.text)
    tokens = [token for token in content(question) if token.start >= start]
    if not tokens or any(token.kind not in _FRAGMENT for token in tokens):
        return False
    if start > 0 or any(token.particle.startswith("도") for token in tokens):
        return True
    bare = all(token.kind in (*_FRAGMENT, "etf_word", "how_is", "filler") for token in question.tokens)
    return bare and _ASKS.search(question.text.strip()) is not None


def narrows(question: Question) -> bool:
    """`레버리지는 빼고`, `해외 것만`: a filter that takes from a list."""
    allowed = (*_FRAGMENT, "without", "negated", "only", "list", "undenied")
    tokens = content(question)
    if (
        not tokens
        or any(token.kind not in allowed for token in tokens)
        or any(t.kind == "etf_word" for t in question.tokens)
    ):
        return False
    filtering = any(token.kind in ("company", "tag", "index", *FILTERS) for token in tokens)
    return filtering and _NARROWS.search(question.text) is not None


def presupposes(question: Question) -> bool:
    """`삼성전자도 담고 있어?`: the holder was named before."""
    tokens = content(question)
    stocks = [token for token in tokens if token.kind == "stock"]
    spoken = ("stock", "hold", "weight", "percent_word", "absent", "compare", "together", "both")
    if not stocks or any(token.kind not in spoken for token in tokens):
        return False
    return any(token.particle.startswith("도") for token in stocks) and not any(
        t.kind == "etf_word" for t in question.tokens
    )


def lacks_a_head(question: Question) -> bool:
    """`가장 비싼 건?`, `더 싼 건?`: neither a name nor a word for what is asked for."""
    kinds = {token.kind for token in question.tokens}
    return bool(content(question)) and not kinds & {*_NAMED, *_HEADS, *FILTERS}


def is_names_only(question: Question) -> bool:
    """Whether it says nothing but names, dates and numbers."""
    tokens = content(question)
    return bool(tokens) and all(token.kind in _FRAGMENT for token in tokens)
