"""Questions that leave out what the last one said: `그럼 하이닉스는?`, `작년에는?`, `순자산은?`, `제일 싼 건?`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.composition.sub_questions import SubQuestions
from agent.follow_up.references import candidates, listed_etfs
from agent.follow_up.resolved import MOST_NAMED, AskBack, Resolved, among, resolved_as, unclear, which
from agent.follow_up.tables import among_rows
from agent.follow_up.turns import Turn
from agent.follow_up.words import content, is_fragment, is_names_only, lacks_a_head, narrows, opening, presupposes
from agent.given_names import GivenText
from agent.reading.question import Question, Subject
from agent.reading.settling import FILTERS
from agent.reading.subjects import missing
from agent.reading.tokens import Token

_NAMES = ("etf", "stock", "company", "tag", "index")
_FILTERING = ("company", "tag", "index", *FILTERS)
_MEASURES = (
    "fee",
    "aum",
    "market_cap",
    "listed",
    "premium",
    "price",
    "nav",
    "weight",
    "return",
    "volume",
    "stock_count",
    "concentration",
)
_ORDER = ("most", "big", "small", "newest", "oldest", "rank_one", "best_word")


def by_ellipsis(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | AskBack | None:
    """The last question with this one's words in it, or this one with the last one's name; None where it is no such thing."""
    if turn.plan is None or (is_names_only(question) and not turn.answered):
        filled = _filled_in(asking, question, turn)
        if filled is not None or turn.plan is None:
            return filled
    if narrows(question):
        return _narrowed(asking, question, turn)
    if is_fragment(question):
        return replacing(asking, question, turn)
    return (
        _traded_otherwise(asking, question, turn)
        or _compared_with(asking, question, turn)
        or _narrowed(asking, question, turn)
        or _ranked_otherwise(asking, question, turn)
        or _about_the_same(asking, question, turn)
    )


def _filled_in(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | None:
    """The answer to `어느 ETF를 말하는지 알려 주세요`: the question before with the name in it."""
    tokens = content(question)
    if not is_names_only(question) or len(tokens) != 1:
        return None
    subject, before = tokens[0], turn.question
    text = GivenText(before.text)
    if before.ambiguous and isinstance(subject.value, Subject):
        token = next((token for token in before.tokens if token.kind == "ambiguous"), None)
        return resolved_as(asking, text.replaced(token.start, token.end, [_own(subject.value)])) if token else None
    if subject.kind in ("etf", "stock") and missing(before) is not None:
        return resolved_as(asking, _in_front(text, [_own(subject.value)], before.english))
    if subject.kind == "date" and not any(token.kind == "date" for token in before.tokens):
        return resolved_as(asking, GivenText(f"{subject.text} {before.text}"))
    return None


def _own(subject: Subject) -> Subject:
    return Subject(subject.kind, subject.keys, subject.name, subject.name, subject.source)


def _in_front(text: GivenText, subjects: Sequence[Subject], english: bool) -> GivenText:
    joint = "'s " if english else " "
    start = GivenText(f"□{joint}{text.text}")
    return start.replaced(0, 1, list(subjects))


def replacing(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | AskBack | None:
    """The last question with the names, dates and numbers of this one for its own."""
    tokens = [token for token in content(question) if token.start >= opening(question.text)]
    text = turn.text
    replacements: list[tuple[int, int, list[Subject] | str]] = []
    front: list[str] = []
    for kind in dict.fromkeys(_class(token) for token in tokens):
        ours = [token for token in tokens if _class(token) == kind]
        theirs = [token for token in turn.question.tokens if _class(token) == kind]
        if not theirs and kind == "date":
            front += [token.text for token in ours]
        elif not theirs and kind == "tag" and turn.named("etf") and not opening(question.text):
            # `배당은?` about an ETF: its theme, or its dividends?
            return unclear(question, turn)
        elif not theirs and kind in ("company", "tag", "filter"):
            return _instead_or_besides(asking, question, turn, ours)
        elif not theirs:
            return None
        elif len(theirs) == len(ours):
            replacements += [(one.start, one.end, _instead(one, new)) for one, new in zip(theirs, ours, strict=True)]
        elif len(theirs) == 1 and all(isinstance(token.value, Subject) for token in ours) and len(ours) <= MOST_NAMED:
            replacements.append((theirs[0].start, theirs[0].end, [_own(token.value) for token in ours]))
        elif len(ours) == 1 and kind != "quantity":
            return _which_of_theirs(question, text, theirs, ours[0])
        else:
            return unclear(question, turn)
    for start, end, new in sorted(replacements, key=lambda one: -one[0]):
        text = text.replaced(start, end, new)
    if front:
        text = GivenText(f"{' '.join(front)} □", ()).replaced(
            len(" ".join(front)) + 1, len(" ".join(front)) + 2, text.text
        )
    found = resolved_as(asking, _again(asking, turn, text, front))
    if found is None and turn.answered and any(token.kind in ("date", "quantity") for token in tokens):
        return unclear(question, turn)
    return found


def _again(asking: SubQuestions, turn: Turn, text: GivenText, front: list[str]) -> GivenText:
    """Given names moved by the words in front keep their meaning."""
    del asking
    if not front or not turn.text.given:
        return text
    shift = len(" ".join(front)) + 1
    from dataclasses import replace

    return GivenText(text.text, tuple(replace(p, start=p.start + shift, end=p.end + shift) for p in turn.text.given))


def _class(token: Token) -> str:
    """Which tokens can stand for one another."""
    if token.kind in FILTERS:
        return "filter"
    return f"{token.kind}:{token.value.kind}" if token.kind == "quantity" else token.kind


def _words(token: Token) -> list[Subject] | str:
    return [_own(token.value)] if isinstance(token.value, Subject) else token.text


_NUMBER = re.compile(r"\d[\d,.]*")


def _instead(theirs: Token, ours: Token) -> list[Subject] | str:
    """What stands in a token's place; a bare number keeps the comparison: `20%는?` after `10% 넘게`."""
    if theirs.kind == "quantity" and theirs.value.operator and not ours.value.operator:
        old, new = _NUMBER.search(theirs.text), _NUMBER.search(ours.text)
        if old and new:
            return theirs.text[: old.start()] + new[0].rstrip(",.") + theirs.text[old.end() :]
    return _words(ours)


def _which_of_theirs(question: Question, text: GivenText, theirs: Sequence[Token], ours: Token) -> AskBack:
    offered = tuple(text.replaced(one.start, one.end, _words(ours)).text for one in theirs)
    if question.english:
        return AskBack("Which of them should it replace?", offered[:3])
    names = ", ".join(token.text for token in theirs)
    return AskBack(
        f"앞의 질문에 이름이 여럿 있습니다({names}). 어느 것을 ‘{ours.text}’로 바꿀지 알려 주세요.", offered[:3]
    )


def _instead_or_besides(asking: SubQuestions, question: Question, turn: Turn, ours: list[Token]) -> AskBack | None:
    """`그럼 미래에셋은?` after a question about a theme: the manager's instead of the theme's, or of both?"""
    theirs = [token for token in turn.question.tokens if token.kind in _FILTERING and not token.negative]
    if len(theirs) != 1 or len(ours) != 1:
        return None
    name, text = _words(ours[0]), turn.text
    instead = text.replaced(theirs[0].start, theirs[0].end, name)
    besides = text.replaced(theirs[0].start, theirs[0].start, f"{ours[0].text} ")
    offered = tuple(one.text for one in (besides, instead) if resolved_as(asking, one))
    if not offered:
        return None
    if question.english:
        return AskBack("In addition to the question before, or instead of its filter?", offered)
    return AskBack(
        f"‘{theirs[0].text}’에 ‘{ours[0].text}’ 조건을 더할지, ‘{theirs[0].text}’ 대신 볼지 알려 주세요.", offered
    )


_TRADES = ("buy", "sell", "new", "out", "increase", "decrease")


def _traded_otherwise(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | None:
    """`판 건?` after what was bought."""
    ours = [token for token in content(question) if token.kind not in ("stock_word", "holdings")]
    theirs = [token for token in turn.question.tokens if token.kind in _TRADES]
    if len(ours) != 1 or ours[0].kind not in _TRADES or len(theirs) != 1 or ours[0].kind == theirs[0].kind:
        return None
    return resolved_as(asking, turn.text.replaced(theirs[0].start, theirs[0].end, ours[0].text))


def _compared_with(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | None:
    """`TIGER 200이랑 비교하면?` after a question about another ETF."""
    tokens = content(question)
    ours = [_own(token.value) for token in tokens if token.kind == "etf"]
    theirs = [token for token in turn.question.tokens if token.kind == "etf" and not token.negative]
    if not ours or len(theirs) != 1 or any(token.kind not in ("etf", "compare") for token in tokens):
        return None
    both = [_own(theirs[0].value), *ours]
    asked = resolved_as(asking, turn.text.replaced(theirs[0].start, theirs[0].end, both))
    return asked or resolved_as(asking, GivenText("□ 비교해줘").replaced(0, 1, both))


def _narrowed(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | None:
    """`테슬라도 같이 담은 건?` after the holders of another stock, `레버리지는 빼고` after a list."""
    if not (presupposes(question) or narrows(question)) or turn.named("etf"):
        return None
    etfs = listed_etfs(turn)
    if len(etfs) < 2:
        return None
    chosen, note = among(turn, etfs, question.english)
    return resolved_as(
        asking, GivenText(f"□ 중 {question.text[opening(question.text) :]}").replaced(0, 1, [chosen]), note
    )


def _ranked_otherwise(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | None:
    """`순자산이 제일 큰 건?` without a word of what: among the rows of a list, or in place of the last order."""
    tokens = content(question)
    if not tokens or any(token.kind not in (*_MEASURES, *_ORDER, "compare", "quantity", "where") for token in tokens):
        return None
    if not any(token.kind in _ORDER for token in tokens) or not turn.answered:
        return None
    ordering = [token for token in turn.question.tokens if token.kind in (*_MEASURES, *_ORDER)]
    if turn.single and ordering and not turn.named("etf"):
        ours = GivenText(question.text).cut(tokens[0].start, tokens[-1].end)
        # `제일 비싼 건?` after `보수가 가장 싼` leaves the measure as it was.
        order_only = all(token.kind in _ORDER for token in tokens)
        theirs = [token for token in ordering if token.kind in _ORDER] if order_only else ordering
        if order_only and not _same_scale(tokens, theirs):
            return None
        if _adjacent(turn.question, theirs):
            return resolved_as(asking, turn.text.replaced(theirs[0].start, theirs[-1].end, ours.text))
        return None
    etfs = listed_etfs(turn)
    if len(etfs) < 2 and max(len(turn.rows(kind)) for kind in ("company", "tag", "index")) > 1:
        return among_rows(asking, question, turn)
    if len(etfs) < 2:
        return None
    chosen, note = among(turn, etfs, question.english)
    start = opening(question.text)
    rest = question.text[start:]
    text = GivenText(f"which of □ is {rest}" if question.english else f"□ 중 {rest}")
    return resolved_as(asking, text.replaced(text.text.index("□"), text.text.index("□") + 1, [chosen]), note)


_CHEAP = re.compile(r"싼|싸|저렴|비싼|비싸|cheap|expensive")


def _same_scale(ours: Sequence[Token], theirs: Sequence[Token]) -> bool:
    """Cheap and dear are ends of one scale, large and small of another."""
    return any(_CHEAP.search(token.text) for token in ours) == any(_CHEAP.search(token.text) for token in theirs)


def _adjacent(question: Question, tokens: Sequence[Token]) -> bool:
    if not tokens:
        return False
    places = [question.tokens.index(token) for token in tokens]
    return places[-1] - places[0] == len(places) - 1


def _about_the_same(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | AskBack | None:
    """`상위 종목은?` about the ETF of the last question, `가장 많이 담은 ETF는?` about its stock."""
    kinds = {token.kind for token in question.tokens}
    if kinds & {"etf", "company", "tag", "index", "ambiguous", "unknown", "unknown_code", *FILTERS}:
        return None
    text = GivenText(question.text).cut(opening(question.text), len(question.text))
    stocks = turn.named("stock")
    if "hold" in kinds and "stock" not in kinds and len(stocks) == 1 and not turn.named("etf"):
        joint = " " if question.english else "을 "
        found = resolved_as(asking, GivenText(f"□{joint}{text.text}").replaced(0, 1, [_own(stocks[0])]))
        if found is not None:
            return found
    if not turn.answered:
        return unclear(question, turn) if missing(question) is not None else None
    if kinds & {*_ORDER} and not kinds & {"hold", "stock_word", "holdings", "quantity"}:
        return None
    etfs = candidates(turn, "etf") if turn.single else listed_etfs(turn) or turn.named("etf")
    if len(etfs) == 1:
        return resolved_as(asking, _in_front(text, [_own(etfs[0])], question.english))
    if len(etfs) < 2 or not (missing(question) or lacks_a_head(question) or "stock" in kinds):
        return None
    if set(turn.named("etf")) == set(etfs) and len(etfs) <= MOST_NAMED:
        found = resolved_as(asking, _in_front(text, [_own(etf) for etf in etfs], question.english))
        if found is not None:
            return found
    if kinds & {"fee", "aum", "market_cap", "listed", "premium", "cost", "count", "hold"} and not turn.named("etf"):
        chosen, note = among(turn, etfs, question.english)
        held = "가 " if "hold" in kinds and not question.english else " "
        found = resolved_as(asking, GivenText(f"□{held}{text.text}").replaced(0, 1, [chosen]), note)
        if found is not None:
            return found
    return which(Question("□ " + text.text, [], question.as_of, question.language), 0, 1, etfs)
