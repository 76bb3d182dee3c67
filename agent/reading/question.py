"""A question as tokens with settled meanings, and the bookkeeping of which of them a reading has explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from agent.linking import Link, Named
from agent.periods import Period
from agent.reading.tokens import Token
from agent.reading.vocabulary import load_vocabulary
from backend.market import spelling

# Tags that say what a word of the vocabulary says; the word decides.
_NOT_CONTENT = ("filler",)
_AND_PARTICLES = ("와", "과", "랑", "이랑", "하고", "이나", "나", "도")
_NEGATIONS = ("without", "negated", "absent")


@dataclass(frozen=True)
class Subject:
    """A name whose meaning is settled: one ETF, company, tag or index, or all listings of one company's stock."""

    kind: str
    keys: tuple[str, ...]
    name: str
    mention: str
    source: str = "name"

    @property
    def key(self) -> str:
        return self.keys[0]


@dataclass
class Question:
    """A question ready to be read. `language` is ko or en; `ambiguous` are the names that have to be asked back."""

    text: str
    tokens: list[Token]
    as_of: date
    language: str = "ko"
    dataset: str = "files"
    ambiguous: list[Link] = field(default_factory=list)

    @property
    def english(self) -> bool:
        return self.language == "en"


class Reader:
    """One attempt to explain every word of a question. Taking a token means having explained it."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.tokens = [replace(token, used=False) for token in question.tokens]

    def has(self, *kinds: str) -> bool:
        """Whether a token of one of the kinds is there, explained or not."""
        return any(token.kind in kinds for token in self.tokens)

    def find(self, *kinds: str, negative: bool | None = None) -> list[Token]:
        """The tokens of these kinds, in order."""
        return [
            token for token in self.tokens if token.kind in kinds and (negative is None or token.negative == negative)
        ]

    def take(self, *kinds: str) -> bool:
        """Explain all tokens of these kinds; whether there was one."""
        found = self.find(*kinds)
        for token in found:
            token.used = True
        return bool(found)

    def subjects(self, kind: str, *, negative: bool | None = False) -> list[Subject]:
        """Explain the names of one kind and give what they mean, each once."""
        found = self.find(kind, negative=negative)
        for token in found:
            token.used = True
        return list(dict.fromkeys(token.value for token in found))

    def periods(self) -> list[Period]:
        """Explain the dates and give them."""
        found = self.find("date")
        for token in found:
            token.used = True
        return [token.value for token in found]

    def quantities(self, *kinds: str) -> list[Token]:
        """The quantities of these kinds, not yet explained by asking."""
        return [token for token in self.find("quantity") if token.value.kind in kinds]

    def unexplained(self) -> list[Token]:
        """The words that carry meaning and have no part in the reading so far."""
        light = load_vocabulary().light
        return [
            token
            for token in self.tokens
            if not token.used and token.kind not in light and token.kind not in _NOT_CONTENT
        ]

    def position(self, *kinds: str) -> int:
        """Index of the first token of these kinds; -1 where there is none."""
        return next((index for index, token in enumerate(self.tokens) if token.kind in kinds), -1)

    def before(self, token: Token) -> Token | None:
        """The token in front of another."""
        index = next(i for i, other in enumerate(self.tokens) if other is token)
        return self.tokens[index - 1] if index else None

    def after(self, token: Token) -> Token | None:
        """The token behind another."""
        index = next(i for i, other in enumerate(self.tokens) if other is token)
        return self.tokens[index + 1] if index + 1 < len(self.tokens) else None


def settle(text: str, tokens: Sequence[Token], as_of: date, dataset: str) -> Question:
    """Decide what each name means in its place, and what a negation denies."""
    question = Question(text, list(tokens), as_of, _language(text), dataset)
    for index, token in enumerate(question.tokens):
        if token.kind == "entity":
            question.tokens[index] = _as_filter(_settled(question, index))
    _settle_combinations(question)
    _mark_negations(question)
    _mark_alternatives(question)
    _mark_comparisons(question)
    _settle_inclusion(question)
    _settle_recently(question)
    _settle_wish(question)
    return question


def _settle_inclusion(question: Question) -> None:
    """`편입한` is a purchase only when a day or period is named; else it says what is held."""
    if any(token.kind == "date" for token in question.tokens):
        return
    for index, token in enumerate(question.tokens):
        if token.kind == "new" and token.text.startswith("편입"):
            question.tokens[index] = replace(token, kind="hold")


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
        after = tokens[index + 1].kind if index + 1 < len(tokens) else ""
        if token.kind == "bond" and after == "etf_word":
            tokens[index] = replace(token, kind="bond_class")
        if token.kind == "absent" and before == "etf_word":
            tokens[index] = replace(token, kind="exist")


def _mark_comparisons(question: Question) -> None:
    """`삼성전자보다` is a comparison, which a reading has to explain like any other word."""
    tokens = question.tokens
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.is_entity and "보다" in token.particle and not any(other.kind == "compare" for other in tokens):
            tokens.insert(index + 1, Token(token.end, token.end, "compare", "보다"))


_TRADING = ("buy", "sell", "trade", "new", "out", "increase", "decrease")
RECENT_DAYS = 30
"""What `요즘` means where trades are asked for, calendar days up to the data date."""


def _settle_recently(question: Question) -> None:
    """`요즘` is a period where trades are asked for and no other time is named; elsewhere it says no more than now."""
    kinds = {token.kind for token in question.tokens}
    if "date" in kinds or not kinds & set(_TRADING):
        return
    for index, token in enumerate(question.tokens):
        if token.kind == "recent":
            first = question.as_of - timedelta(days=RECENT_DAYS - 1)
            period = Period(token.start, token.end, token.text, first, question.as_of)
            question.tokens[index] = replace(token, kind="date", value=period)
            return


_CRITERIA = ("big", "small", "newest", "oldest", "similar", "most")
_WISHES = ("추천", "골라", "recommend")


def _settle_wish(question: Question) -> None:
    """`보수 낮은 ETF 추천해줘` names its criterion: a list is wished for, no advice."""
    if not any(token.kind in _CRITERIA for token in question.tokens):
        return
    question.tokens[:] = [
        token
        for token in question.tokens
        if not (token.kind == "ask_advice" and token.text.lower().startswith(_WISHES))
    ]


def _language(text: str) -> str:
    hangul = sum("가" <= character <= "힣" for character in text)
    latin = sum(character.isascii() and character.isalpha() for character in text)
    return "ko" if hangul * 3 > latin or not latin else "en"


def _settled(question: Question, index: int) -> Token:
    token: Token = question.tokens[index]
    link: Link = token.value
    kind = _kind_in_context(question.tokens, index, link)
    options = link.of(kind)
    chosen = _one_meaning(options)
    if chosen is None or kind == "group":
        question.ambiguous.append(link)
        return replace(token, kind="ambiguous")
    if not link.exact and len(options) < len(link.options) and len(link.options) > 1:
        question.ambiguous.append(link)
        return replace(token, kind="ambiguous")
    # Several listings or share classes are called as the question calls them.
    name = chosen[0].name if len({option.key for option in chosen}) == 1 else token.text
    subject = Subject(kind, tuple(dict.fromkeys(option.key for option in chosen)), name, token.text, chosen[0].source)
    return replace(token, kind=kind, value=subject)


_FILTER_OF_TAG = {
    "액티브": "active", "레버리지": "leverage", "인버스": "inverse", "인버스2X": "inverse2", "합성": "synthetic", "환헤지": "hedged",
}  # fmt: skip


def _as_filter(token: Token) -> Token:
    """A tag that says what a filter word says becomes that word: 액티브 is a property of an ETF."""
    if token.kind == "tag" and token.value.key in _FILTER_OF_TAG:
        return replace(token, kind=_FILTER_OF_TAG[token.value.key], value=None)
    return token


def _kind_in_context(tokens: Sequence[Token], index: int, link: Link) -> str:
    kinds = [kind for kind in link.kinds]
    if len(kinds) == 1:
        return kinds[0]
    following = [token.kind for token in tokens[index + 1 : index + 4]]
    token = tokens[index]
    directly = following[0] if following else ""
    asked_of_manager = directly in ("manager", "manage") or (directly == "etf_word" and token.particle in ("", "의"))
    held = token.particle.startswith(("을", "를")) or directly in ("hold", "weight", "buy", "sell", "new", "out")
    if "etf" in kinds:
        return "etf"
    if "company" in kinds and "group" in kinds and link.of("company")[0].source == "issuer":
        return "group"
    if "company" in kinds and (asked_of_manager or (not held and "stock" not in kinds)):
        return "company"
    if held and "stock" in kinds:
        return "stock"
    if held and "group" in kinds:
        return "group"
    if "index" in kinds and "tag" in kinds:
        near = {token.kind for token in tokens}
        return "index" if near & {"index_word", "track"} else "tag"
    if "tag" in kinds and "stock" in kinds:
        return "tag" if directly in ("etf_word", "tag_word") else "stock"
    for kind in ("company", "stock", "tag", "index", "group"):
        if kind in kinds:
            return kind
    return kinds[0]


_OFFICIAL = {
    "name": 0,
    "code": 0,
    "alias": 1,
    "brand": 1,
    "english": 1,
    "other_code": 1,
    "former": 2,
    "issuer": 2,
    "ticker": 3,
}


def _one_meaning(options: Sequence[Named]) -> list[Named] | None:
    """The options that are one thing: a single one, or the listings of one company; None when they differ."""
    best = min(_OFFICIAL.get(option.source, 4) for option in options)
    first = [option for option in options if _OFFICIAL.get(option.source, 4) == best]
    keys = {option.key for option in first}
    if len(keys) == 1:
        return first[:1]
    kinds = {option.kind for option in first}
    if kinds == {"index"}:
        return first
    if kinds == {"stock"}:
        if all(option.source == "alias" for option in first):
            return first
        if len({spelling.issuer(option.name) for option in first}) == 1:
            return first
    return None


def _mark_negations(question: Question) -> None:
    """A Korean negation denies the name or filter before it, an English one the name behind it."""
    tokens = question.tokens
    deniable = ("stock", "etf", "company", "tag", "index", "industry", *FILTERS)
    for index, token in enumerate(tokens):
        if token.kind not in _NEGATIONS:
            continue
        if question.english:
            _deny_forward(tokens, index, deniable)
        else:
            _deny_backward(tokens, index, deniable)
            if not token.used and token.kind == "without":
                # It denies a name that is not known: no reading may pass over it.
                tokens[index] = replace(token, kind="undenied")


FILTERS = (
    "active", "passive", "leverage", "inverse", "inverse2", "synthetic", "physical", "hedged", "unhedged", "equity_class",
    "bond_class", "mixed_class", "commodity_class", "realestate_class", "currency_class", "domestic", "overseas",
)  # fmt: skip


def _mark_alternatives(question: Question) -> None:
    """`애플이나 테슬라`: the particle says either."""
    tokens = question.tokens
    for index, token in enumerate(tokens[:-1]):
        follows = tokens[index + 1]
        if (
            token.is_entity
            and follows.kind == token.kind
            and token.particle in ("이나", "나", "이든", "든", "이든지", "든지")
        ):
            tokens.insert(index + 1, Token(token.end, token.end, "either", token.particle))
            return


def _deny_backward(tokens: list[Token], index: int, deniable: Iterable[str]) -> None:
    position = index - 1
    while (
        position >= 0
        and tokens[position].kind in ("hold", "etf_word", "tag_word", "exist", "stock_word")
        and position >= index - 2
    ):
        position -= 1
    # `안 담은`: the negation stands before its verb, the name before both.
    denied = False
    while position >= 0 and tokens[position].kind in deniable:
        tokens[position].negative = True
        denied = True
        if position == 0 or not tokens[position - 1].particle.startswith(_AND_PARTICLES):
            break
        position -= 1
    if denied:
        tokens[index].used = True


def _deny_forward(tokens: list[Token], index: int, deniable: Iterable[str]) -> None:
    position = index + 1
    while position < len(tokens) and tokens[position].kind in ("hold", "etf_word") and position <= index + 2:
        position += 1
    while position < len(tokens) and tokens[position].kind in deniable:
        tokens[position].negative = True
        position += 1
