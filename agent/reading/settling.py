"""What names and words mean in their place: kinds of names, negations, alternatives, and words that mean one thing or another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from agent.periods import Period
from agent.reading.meanings import settle_names
from agent.reading.question import Question
from agent.reading.tokens import Token

FILTERS = (
    "active", "passive", "leverage", "inverse", "inverse2", "synthetic", "physical", "hedged", "unhedged", "equity_class",
    "bond_class", "mixed_class", "commodity_class", "realestate_class", "currency_class", "domestic", "overseas",
)  # fmt: skip
_AND_PARTICLES = ("와", "과", "랑", "이랑", "하고", "이나", "나", "도")
_OR_PARTICLES = ("이나", "나", "이든", "든", "이든지", "든지", "이라도", "라도")
_NEGATIONS = ("without", "negated", "absent")
_NAMES = ("stock", "etf", "company", "tag", "index", "industry")
_BETWEEN_NAME_AND_NEGATION = ("hold", "etf_word", "tag_word", "exist", "stock_word", "together", "only", "both")


def settle(text: str, tokens: Sequence[Token], as_of: date, dataset: str) -> Question:
    """Decide what each name and each word of two meanings means in its place, and what a negation denies."""
    question = Question(text, list(tokens), as_of, _language(text, tokens), dataset)
    settle_names(question)
    _settle_combinations(question)
    _settle_words(question)
    _mark_negations(question)
    _mark_alternatives(question)
    _mark_comparisons(question)
    _mark_nothing_else(question)
    _settle_recently(question)
    _settle_wish(question)
    _explain_counted_names(question)
    return question


# Latin words that Koreans write as they are.
_SHARED_WORDS = ("etf", "etfs", "top", "vs", "nav", "aum", "isin", "pdf", "per", "tr", "h", "x")


def _language(text: str, tokens: Sequence[Token]) -> str:
    """ko or en, by the words between the names; a text with Hangul needs English words of its own to be English."""
    characters = list(text)
    for token in tokens:
        if token.kind == "entity" or token.is_entity:
            characters[token.start : token.end] = " " * (token.end - token.start)
    rest = "".join(characters)
    hangul = sum("가" <= character <= "힣" for character in rest)
    words = [word for word in re.findall(r"[a-z]+", rest.lower()) if word not in _SHARED_WORDS]
    if not words:
        # Names of Korean ETFs are Latin: `KODEX 200 top 5` is nobody's English.
        return "ko"
    return "ko" if hangul * 2 >= sum(map(len, words)) else "en"


def _settle_words(question: Question) -> None:
    """Words of two meanings take the one that fits the rest of the question."""
    tokens = question.tokens
    kinds = {token.kind for token in tokens}
    named = kinds & {"stock", "etf", "company", "tag"}
    etfs = sum(token.kind == "etf" for token in tokens)
    dated = bool(kinds & {"date", "recent"})
    one_day = any(token.kind == "date" and token.value.is_day for token in tokens)
    filtered = sum(token.kind in ("stock", "tag", "company") for token in tokens) > 1
    for index, token in enumerate(tokens):
        kind = token.kind
        if kind == "entered":
            # 편입한 tells a trade where a time is given, and a holding otherwise.
            kind = "new" if dated else "hold"
        elif kind == "fallen_out":
            sold = "out" if kinds & {"stock", "stock_word", "holdings"} else "fall"
            kind = "without" if etfs > 1 and not dated else sold
        elif kind == "drop_or_without" and not dated and filtered:
            kind = "without"
        elif (
            kind == "hold"
            and token.text.startswith(("들어", "드는"))
            and kinds & {"fee", "invest"}
            and "stock" not in kinds
        ):
            kind = "cost"
        elif (
            kind == "first_time"
            and dated
            and _beside(tokens, index, ("hold", "buy"))
            and not kinds & {"day", "when", "weight"}
        ):
            kind = "new"
        elif kind in ("oldest", "newest") and token.text.startswith(_TIMED) and _beside(tokens, index, _TAKING):
            # `가장 오래 들고 있던`, `먼저 담은`: how long something was held, or when it was bought, is no order that is known.
            kind = "held_since"
        elif (
            kind == "volume" and token.text.startswith("거래") and index and tokens[index - 1].text.startswith(_PRICED)
        ):
            kind = "price"
        elif kind == "ask_other" and token.text.startswith("이름") and kinds & {"etf", "stock", "unknown_code"}:
            kind = "name"
        elif kind == "below_word" and token.text.startswith("할인") and {"big", "small"} & kinds:
            # The larger the discount, the lower the premium.
            turned = {"big": "small", "small": "big"}
            for place, other in enumerate(tokens):
                if other.kind in turned:
                    tokens[place] = replace(other, kind=turned[other.kind], text="")
            kind = "premium"
        elif kind == "former" and token.text.startswith("이전") and index and tokens[index - 1].kind == "date":
            # `2010년 이전인`: a particle keeps the date from taking it.
            day = tokens[index - 1].value
            opened = replace(day, first=_EARLIEST, last=day.first - timedelta(days=1), is_day=False, open_start=True)
            tokens[index - 1] = replace(tokens[index - 1], value=opened)
            kind = "filler"
        elif (kind == "holiday_name" and one_day) or (kind == "pronoun" and named):
            kind = "filler"
        elif kind == "often" and not kinds & set(_TRADING):
            # How often something was traded is another question than how much.
            kind = "filler"
        elif kind == "best_word" and token.text.startswith(("최고가", "최고점")) and not kinds & _MEASURED:
            tokens[index] = replace(token, kind="big")
            tokens.insert(index + 1, Token(token.end, token.end, "price", ""))
            continue
        elif kind in ("high_point", "low_point"):
            kind = "big" if kind == "high_point" else "small"
            if not kinds & {"price", "high_price", "low_price", "nav", "premium"}:
                tokens.insert(index + 1, Token(token.end, token.end, "price", ""))
                kinds.add("price")
        if kind != token.kind:
            tokens[index] = replace(token, kind=kind)


_EARLIEST = date(1990, 1, 1)
_MEASURED = {"return", "fee", "aum", "weight", "premium", "volume", "nav", "concentration", "price", "rise", "fall"}
_TIMED = ("오래", "먼저", "일찍", "나중", "늦게", "빠르", "빨리")
_TAKING = ("hold", "buy", "new", "entered", "sell", "out", "holdings")
_PRICED = ("싸", "싼", "쌌", "비싸", "비싼", "비쌌", "낮", "높")


def _settle_combinations(question: Question) -> None:
    """Words that mean something else beside another: `인버스 2배`, `채권 ETF`, `… ETF 없어?`."""
    tokens = question.tokens
    kinds = {token.kind for token in tokens}
    if {"inverse", "leverage"} <= kinds and not kinds & {"inverse2", *_NEGATIONS}:
        tokens[:] = [
            replace(token, kind="inverse2") if token.kind == "inverse" else token
            for token in tokens
            if token.kind != "leverage"
        ]
    for index, token in enumerate(tokens):
        before = tokens[index - 1].kind if index else ""
        apart = "etf_word" in kinds and "etf" not in kinds and _beside(tokens, index, _NEGATIONS)
        if token.kind == "bond" and (apart or _beside(tokens, index, ("etf_word",))):
            tokens[index] = replace(token, kind="bond_class")
        listed = "etf" not in kinds and _beside(tokens, index, ("etf_word", "active", "passive", *_NEGATIONS))
        if token.kind in ("korean_stock", "foreign_stock") and listed:
            # `국내 주식 ETF`: ETFs of a region and of a kind of asset.
            where = "domestic" if token.kind == "korean_stock" else "overseas"
            tokens[index] = replace(token, kind=where)
            tokens.insert(index + 1, Token(token.end, token.end, "equity_class", ""))
        if token.kind == "tag" and token.text.endswith(" 주식") and "etf_word" in kinds and "etf" not in kinds:
            # `미국 주식인 ETF`: no bonds of that country.
            tokens.insert(index + 1, Token(token.end, token.end, "equity_class", ""))
        if (
            token.kind == "hold"
            and token.text.lower() in ("has", "have")
            and not kinds & {"stock", "stock_word", "holdings"}
        ):
            # `Which has the lower fee`.
            tokens[index] = replace(token, kind="filler")
        if token.kind == "attribute_all" and token.text.lower() == "about" and "tag" in kinds:
            tokens[index] = replace(token, kind="filler")
        if token.kind == "stock_word" and before in ("domestic", "overseas") and "etf_word" in kinds - {"etf"}:
            tokens[index] = replace(token, kind="equity_class")
        if token.kind == "absent" and before == "etf_word":
            tokens[index] = replace(token, kind="exist")
        if token.kind == "domestic" and "stock" in kinds and _beside(tokens, index, ("etf_word", "listed")):
            # Every ETF here is listed in Korea: beside a stock, `국내 ETF` says no more than that.
            tokens[index] = replace(token, kind="filler")


def _mark_comparisons(question: Question) -> None:
    """`삼성전자보다` is a comparison, which a reading has to explain like any other word."""
    tokens = question.tokens
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.is_entity and "보다" in token.particle and not any(other.kind == "compare" for other in tokens):
            tokens.insert(index + 1, Token(token.end, token.end, "compare", "보다"))


_TRADING = ("buy", "sell", "trade", "new", "out", "increase", "decrease")
# What `요즘` means where trades are asked for, calendar days up to the data date.
RECENT_DAYS = 30


def _settle_recently(question: Question) -> None:
    """`요즘` is a period where trades are asked for and no other time is named; elsewhere it says no more than now."""
    kinds = {token.kind for token in question.tokens}
    if "date" in kinds or not kinds & set(_TRADING):
        return
    for index, token in enumerate(question.tokens):
        if token.kind == "recent" and not _is_the_latest(question.tokens, index):
            first = question.as_of - timedelta(days=RECENT_DAYS - 1)
            period = Period(token.start, token.end, token.text, first, question.as_of)
            question.tokens[index] = replace(token, kind="date", value=period)
            return


def _is_the_latest(tokens: Sequence[Token], index: int) -> bool:
    """`가장 최근에 산`: the latest trade, whenever it was."""
    return tokens[index].text.startswith(("가장", "제일")) or bool(index and tokens[index - 1].kind == "most")


_CRITERIA = ("big", "small", "newest", "oldest", "similar", "most")
_WISHES = ("추천", "골라", "recommend")
_PICKED = ("stock", "company", "tag", "index", "quantity")


def _settle_wish(question: Question) -> None:
    """`보수 낮은 ETF 추천해줘` names its criterion: a list is wished for, no advice."""
    picks = any(token.kind == "ask_advice" and token.text.startswith("골라") for token in question.tokens)
    named = picks and any(token.kind in _PICKED for token in question.tokens)
    if named or any(token.kind in _CRITERIA for token in question.tokens):
        question.tokens[:] = [
            token
            for token in question.tokens
            if not (token.kind == "ask_advice" and token.text.lower().startswith(_WISHES))
        ]


def _beside(tokens: Sequence[Token], index: int, kinds: Iterable[str]) -> bool:
    return index + 1 < len(tokens) and tokens[index + 1].kind in kinds


def _mark_negations(question: Question) -> None:
    """A Korean negation denies the name or filter before it, an English one the name behind it."""
    tokens = question.tokens
    deniable = (*_NAMES, *FILTERS)
    for index, token in enumerate(tokens):
        if token.kind in _NEGATIONS:
            if question.english:
                _deny_forward(tokens, index, deniable)
            else:
                _deny_backward(tokens, index, deniable)
                _leave_open(tokens, index)
                if not tokens[index].used and token.kind == "without":
                    # It denies a name that is not known: no reading may pass over it.
                    tokens[index] = replace(token, kind="undenied")


def _leave_open(tokens: list[Token], index: int) -> None:
    """`국내 주식 아닌`: neither domestic nor equity, or not both? No reading may choose."""
    for place in range(1, index):
        pair = tokens[place - 1].kind in ("domestic", "overseas") and tokens[place].kind == "equity_class"
        if pair and tokens[place].negative and tokens[place].start <= tokens[place - 1].end + 1:
            tokens[place] = replace(tokens[place], kind="undenied")


def _deny_backward(tokens: list[Token], index: int, deniable: Iterable[str]) -> None:
    position = index - 1
    while position >= max(0, index - 3) and tokens[position].kind in _BETWEEN_NAME_AND_NEGATION:
        position -= 1
    denied = False
    while position >= 0 and tokens[position].kind in deniable:
        tokens[position].negative = True
        denied = True
        both = any(token.kind == "both" for token in tokens[position:index])
        if position == 0 or not (both or tokens[position - 1].particle.startswith(_AND_PARTICLES)):
            break
        position -= 1
    if denied:
        tokens[index].used = True


def _deny_forward(tokens: list[Token], index: int, deniable: Iterable[str]) -> None:
    position = index + 1
    while position < len(tokens) and tokens[position].kind in ("hold", "etf_word") and position <= index + 2:
        position += 1
    denied = False
    while position < len(tokens) and tokens[position].kind in deniable:
        tokens[position].negative = True
        denied = True
        position += 1
    if denied:
        tokens[index].used = True


def _mark_nothing_else(question: Question) -> None:
    """`삼성전자만 담은 ETF`: nothing else may be held, which no reading tells."""
    kinds = {token.kind for token in question.tokens}
    if "etf" in kinds or not {"etf_word", "hold"} <= kinds or any(token.negative for token in question.tokens):
        # `A는 없고 B만 있는`: the other one that is lacking has been named.
        return
    for index in range(len(question.tokens) - 1, -1, -1):
        token = question.tokens[index]
        if token.kind in ("stock", "tag") and token.particle.endswith("만"):
            question.tokens.insert(index + 1, Token(token.end, token.end, "nothing_else", "만"))


def _mark_alternatives(question: Question) -> None:
    """`애플이나 테슬라`: the particle says either."""
    tokens = question.tokens
    for index, token in enumerate(tokens[:-1]):
        if token.is_entity and tokens[index + 1].kind == token.kind and token.particle in _OR_PARTICLES:
            tokens.insert(index + 1, Token(token.end, token.end, "either", token.particle))
            return


def _explain_counted_names(question: Question) -> None:
    """`A, B, C 세 종목`: a number that counts the names beside it asks for nothing."""
    for token in question.tokens:
        if token.kind != "quantity" or token.value.kind != "count" or token.value.operator or "상위" in token.text:
            continue
        for kind in ("stock", "etf", "company", "tag"):
            if token.value.value == sum(other.kind == kind for other in question.tokens) > 1:
                token.used = True
