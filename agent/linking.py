"""Entity linking: the names of a question as what they can mean in the loaded market.

Names that are written as the market knows them (any spelling of `search_names`) are found by a scan of the question over an index
in memory. What is left unexplained is given to the market's search, which forgives typing errors.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlalchemy import Connection, text

from agent.name_variants import variants
from agent.reading.tokens import Piece, Token
from backend.market import spelling
from backend.market.search import Resolution, resolve

_LONGEST = 60
# How much of a mistyped English name has to agree with the beginning of a name.
_ALIKE = 0.75
_TICKER = re.compile(r"[A-Z][A-Z./]{0,5}")
_CODE = re.compile(r"(?<![0-9A-Za-z])(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{6}(?![0-9A-Za-z])")
# Upper-case words that people write in questions and that are tickers somewhere.
_NOT_TICKERS = """
    ETF ETFS NAV AUM TER TOP PDF ISIN AI IT A I IS ON ALL OR AND SO BE ARE CU PER PBR ROE EPS YTD VS KRX
    USD KRW ISA TR PR H OK HI ME MY HAS NOW NEW OUT TWO ONE LOW FUND AGE BUY SEE KEY ANY CAN DAY ESG
    REIT EV US UK EU UN Q P N K S
    """
_NO_TICKERS = frozenset(_NOT_TICKERS.split())
# Laughing and weeping are no initials.
_LAUGHTER = re.compile(r"[ㅋㅎㅠㅜㅡ\s]+")
_ETF_WORD = re.compile(r"(?:etf|이티에프)$", re.IGNORECASE)
_WORD = re.compile(r"[0-9A-Za-z]+|[가-힣ㄱ-ㅎㅏ-ㅣ]+|[^\s]")


@dataclass(frozen=True)
class Named:
    """One thing a name can mean. `key` is a code, or the name of a company, tag or index; `source` says which spelling it was."""

    kind: str
    key: str
    name: str
    source: str
    size: int


@dataclass(frozen=True)
class Link:
    """What a mention can mean, the likeliest first. `exact`: it is written as the market knows it."""

    mention: str
    options: tuple[Named, ...]
    exact: bool = True

    def of(self, kind: str) -> tuple[Named, ...]:
        """The options of one kind."""
        return tuple(option for option in self.options if option.kind == kind)

    @property
    def kinds(self) -> list[str]:
        """The kinds that occur, each once, in the order of the options."""
        return list(dict.fromkeys(option.kind for option in self.options))


class NameIndex:
    """Every spelling of the loaded market, in memory."""

    def __init__(self, rows: Iterable[tuple[str, str, str, str, str, int]]) -> None:
        forms: dict[str, list[Named]] = defaultdict(list)
        for kind, key, name, source, form, size in rows:
            forms[form].append(Named(kind, key, name, source, size))
        self._forms = {form: tuple(sorted(named, key=_officially)) for form, named in forms.items()}
        self._longest = max(map(len, self._forms), default=0)

    def find(self, mention: str) -> tuple[Named, ...]:
        """What a mention can mean when it is one of the market's spellings; empty otherwise."""
        found = self._forms.get(spelling.fold(mention), ())
        if _ETF_WORD.search(mention):
            # "레버리지 ETF" is a kind of ETF, even where somebody's nickname for one ETF is written so.
            found = tuple(named for named in found if named.source in ("name", "english", "former"))
        if _is_short_latin(mention):
            upper = mention.isupper() and mention not in _NO_TICKERS
            found = tuple(named for named in found if named.source != "ticker" or upper)
            found = tuple(named for named in found if len(mention) > 2 or upper or named.kind == "company")
        return found

    def pieces(self, question: str) -> list[Piece]:
        """Every stretch of a question that is a name, overlapping ones included."""
        pieces: list[Piece] = []
        starts = [word.start() for word in _WORD.finditer(question) if question[word.start()].isalnum()]
        seen = set(starts)
        while starts:
            start = starts.pop()
            last = min(len(question), start + _LONGEST)
            for end in self._ends(question, start, last):
                mention = question[start:end]
                named = self.find(mention)
                if named:
                    pieces.append(Piece(start, end, "entity", Link(mention, named), _cost(mention, named)))
                    # Korean is written without spaces as well: another name may begin where this one ends.
                    if end not in seen and question[end : end + 1].isalnum():
                        seen.add(end)
                        starts.append(end)
        return pieces

    @staticmethod
    def _ends(question: str, start: int, last: int) -> Iterable[int]:
        """Ends that cut no run of Latin letters or digits; inside Korean every end is possible."""
        for end in range(start + 1, last + 1):
            before, after = question[end - 1], question[end : end + 1]
            if not before.isalnum() and before != ")" and before != "+":
                continue
            if after and before.isascii() and after.isascii() and before.isalnum() and after.isalnum():
                same = before.isdigit() == after.isdigit()
                if same or before.isdigit():
                    continue
            yield end


def _officially(named: Named) -> tuple[int, int, str]:
    order = {
        "name": 0,
        "code": 0,
        "alias": 1,
        "brand": 1,
        "english": 2,
        "other_code": 2,
        "former": 2,
        "issuer": 3,
        "ticker": 4,
    }
    return order.get(named.source, 5), -named.size, named.key


def _is_short_latin(mention: str) -> bool:
    return mention.isascii() and mention.isalpha() and len(mention) <= 5


def _cost(mention: str, named: Sequence[Named]) -> float:
    """Long names are surer than short ones; a name of one or two letters has to beat the words it may be part of."""
    size = len(mention.replace(" ", ""))
    doubt = 0.0 if size >= 4 else 0.12 if size == 3 else 0.35 if size == 2 else 1.2
    if all(option.source in ("ticker", "issuer", "english") for option in named):
        doubt += 0.25
    if all(option.kind == "stock" and option.size < 10 for option in named):
        doubt += 0.15
    return 1.0 + doubt - 0.01 * size


_cached: tuple[object, NameIndex] | None = None
_building = threading.Lock()


def name_index(connection: Connection) -> NameIndex:
    """The index of the loaded market, rebuilt when a load has changed the names."""
    global _cached
    built = connection.execute(text("SELECT content_hash, built_at FROM search_builds")).one_or_none()
    version = (str(connection.engine.url), tuple(built) if built else None)
    with _building:
        if _cached is None or _cached[0] != version:
            rows = connection.execute(text("SELECT kind, key, name, source, form, size FROM search_names"))
            spelled = [tuple(row) for row in rows]
            _cached = (version, NameIndex([*spelled, *variants(spelled)]))
        return _cached[1]


def codes(question: str) -> list[re.Match[str]]:
    """What looks like an ETF or stock code: six digits and capital letters with at least one digit."""
    return [found for found in _CODE.finditer(question) if found[0].isdigit() or found[0].upper() == found[0]]


def resolve_unknown(connection: Connection, question: str, tokens: Sequence[Token]) -> list[Piece]:
    """Links for stretches that no spelling explains: the unknown words with their neighbours first, then the words alone."""
    pieces: list[Piece] = []
    for index, token in enumerate(tokens):
        if token.kind != "unknown" or any(piece.start <= token.start < piece.end for piece in pieces):
            continue
        for first, last in _spans(tokens, index):
            if _is_half_a_name(tokens, first) or _is_glued(tokens, first):
                continue
            start, end = tokens[first].start, tokens[last].end
            link = _resolved(connection, question[start:end])
            if link is not None:
                pieces.append(Piece(start, end, "entity", link, 1.0 - 0.001 * (end - start)))
                break
    return pieces


def _spans(tokens: Sequence[Token], index: int) -> Iterable[tuple[int, int]]:
    """Ranges of neighbouring names around an unknown word, the longest first."""
    first = last = index
    joins = (
        "entity",
        "unknown",
        "number",
        "quantity",
        "kospi",
        "kosdaq",
        "leverage",
        "inverse",
        "active",
        "bond",
        "synthetic",
    )
    while first > 0 and index - first < 3 and _joins(tokens[first - 1], tokens[first], joins):
        first -= 1
    while last + 1 < len(tokens) and last - index < 3 and _joins(tokens[last + 1], tokens[last], joins):
        last += 1
    spans = [(a, b) for a in range(first, index + 1) for b in range(index, last + 1)]
    return sorted(spans, key=lambda span: span[0] - span[1])


def _is_half_a_name(tokens: Sequence[Token], first: int) -> bool:
    """`Square` of `SK Square`: the rest of a name whose beginning is left out resembles other names."""
    before = tokens[first - 1] if first else None
    if before is None or before.particle or tokens[first].kind != "unknown" or not tokens[first].text.isascii():
        return False
    return before.kind == "entity" and re.fullmatch(r"[A-Z]{2,3}", before.text) is not None


def _is_glued(tokens: Sequence[Token], first: int) -> bool:
    """`에코프로|테크놀로지스`: what is written in one with a name is no other name."""
    before = tokens[first - 1] if first else None
    return before is not None and before.kind == "entity" and before.end == tokens[first].start


def _joins(token: Token, beside: Token, kinds: Sequence[str]) -> bool:
    """Whether a token can be a part of a longer name with the one beside it.

    What is an ETF or a stock by itself is a whole name, unless letters that explain nothing are written to it (삼성전|쟈).
    """
    left, right = (token, beside) if token.start < beside.start else (beside, token)
    if left.end + len(left.particle) == right.start or left.end == right.start:
        return True
    if left.particle:
        return False
    if token.kind == "entity":
        return token.value.kinds[0] not in ("etf", "stock")
    return token.kind in kinds


def _resolved(connection: Connection, mention: str) -> Link | None:
    plain = mention.strip()
    if len(spelling.normalise(plain)) < 2 or _LAUGHTER.fullmatch(plain):
        return None
    resolution: Resolution = resolve(connection, plain)
    if resolution.status == "none" or not _is_likely(plain, resolution):
        return None
    hits = resolution.hits
    return Link(plain, tuple(Named(h.kind, h.code, h.name, f"near:{h.how}", 0) for h in hits), exact=False)


def _is_likely(mention: str, resolution: Resolution) -> bool:
    """Whether a name that only resembles a mention may be meant: short words of everyday speech resemble many names."""
    best = resolution.hits[0]
    if best.kind == "tag" and "업" in mention and "업" not in best.name:
        # 금융업 is an industry, and no theme whatever it resembles.
        return False
    if best.how in ("exact", "group"):
        return True
    if best.how == "initials":
        return all("ㄱ" <= character <= "ㅎ" for character in spelling.normalise(mention))
    plain = spelling.normalise(mention)
    if plain.isascii() and plain.isalpha():
        written = best.how == "fuzzy" or mention[:1].isupper()
        return len(plain) >= 5 and written and best.score >= 0.55 and _begins_alike(plain, best.matched)
    if best.how == "fuzzy" and len(plain) <= _SHORT and best.score < _SURE:
        # 리스트업 is no misspelling of 시프트업: half of its syllables are others.
        return False
    return len(plain) >= 3 and best.score >= 0.5


# Syllables of a short Korean word, and how alike a name has to be to be meant by it.
_SHORT = 4
_SURE = 0.58


def _begins_alike(plain: str, matched: str) -> bool:
    """Whether an English name begins as the mention does, but for a slip: one word out of its middle names nothing.

    The first letter is hardly ever mistyped: `ARK Innovation` is no `SK Innovation`.
    """
    beginning = spelling.normalise(matched)[: len(plain)]
    if beginning[:1] != plain[:1]:
        return False
    return SequenceMatcher(None, plain, beginning, autojunk=False).ratio() >= _ALIKE


def reordered(names: NameIndex, question: str, tokens: Sequence[Token]) -> list[Piece]:
    """`미국나스닥100 타이거`: an ETF's name with its brand behind the rest."""
    pieces = []
    for last, token in enumerate(tokens):
        if token.kind != "entity" or "company" not in token.value.kinds:
            continue
        first = last
        while first > 0 and tokens[first - 1].kind == "entity" and not tokens[first - 1].particle:
            first -= 1
        for start in range(first, last):
            rest = question[tokens[start].start : tokens[last - 1].end]
            found = tuple(named for named in names.find(f"{token.text} {rest}") if named.kind == "etf")
            if found:
                mention = question[tokens[start].start : token.end]
                pieces.append(Piece(tokens[start].start, token.end, "entity", Link(mention, found), 0.9))
                break
    return pieces
