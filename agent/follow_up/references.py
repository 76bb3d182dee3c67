"""Pronouns and sets: `그중 순자산이 제일 큰 건?`, `그 ETF 보수는?`, `두 번째 거 상위 종목은?`, `그 운용사의 다른 ETF는?`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.composition.parts import etf_set
from agent.composition.sub_questions import SubQuestions
from agent.follow_up.resolved import MOST_NAMED, AskBack, Resolved, among, resolved_as, unclear, which
from agent.follow_up.tables import among_rows
from agent.follow_up.turns import Turn
from agent.follow_up.words import Reference, content, opening, ordinals
from agent.given_names import GivenText
from agent.reading.plan import Plan
from agent.reading.question import Question, Subject
from agent.reading.tokens import Token

_OTHERS = re.compile(
    r"(?:의|에서|가|이)?\s*(?:나온|내놓은|운용하는|만든)?\s*(?:다른|또 다른|나머지)\s*(?:ETF|이티에프|상품)(?:들)?",
    re.IGNORECASE,
)
_OTHERS_EN = re.compile(r"(?:'s)?\s*\bother\s+(?:etfs?|funds?)\b", re.IGNORECASE)
_MEANT = re.compile(r"^(?:거|것|건|게)?(?=이|는|은|의|를|을|가|\s|\?|$)")


def by_reference(asking: SubQuestions, question: Question, found: Reference, turn: Turn | None) -> Resolved | AskBack:
    """The question with what its words point to in their place, or what has to be asked back."""
    if turn is None or not turn.answered:
        return unclear(question, turn)
    if found.kind == "first":
        return _first(asking, question, found, turn)
    if found.kind == "among":
        behind = next((one for one in ordinals(question) if found.end <= one.start <= found.end + 1), None)
        if behind is not None:
            return _one(asking, question, Reference("ordinal", found.start, behind.end, behind.place), turn)
        place = _place_alone(question, found)
        if place:
            return _one(asking, question, Reference("ordinal", found.start, place.end, int(place.value.value)), turn)
        return _among(asking, question, found, turn)
    if found.kind in ("etfs", "stocks"):
        return _several(asking, question, found, turn)
    if found.kind in ("company", "index", "tag"):
        return _attribute(asking, question, found, turn)
    return _one(asking, question, found, turn)


def _first(asking: SubQuestions, question: Question, found: Reference, turn: Turn) -> Resolved | AskBack:
    """`상위 3개 보수 비교해줘`: the first rows as they were shown."""
    etfs = [row.subject for row in turn.rows("etf")][: found.place]
    rest = GivenText(question.text).cut(found.end, len(question.text))
    if len(etfs) < found.place or found.place < 2:
        return unclear(question, turn)
    chosen, note = among(turn, etfs, question.english)
    asked = resolved_as(asking, GivenText(f"□ {rest.text}").replaced(0, 1, [chosen]), note)
    if asked is None and found.place <= MOST_NAMED:
        asked = resolved_as(asking, GivenText(f"□ {rest.text}").replaced(0, 1, etfs))
    return asked or unclear(question, turn)


def _place_alone(question: Question, found: Reference) -> Token | None:
    """`그중 두 번째는?`: a place in the order that was shown, and nothing else."""
    rest = [token for token in content(question) if token.start >= found.end]
    alone = len(rest) == 1 and rest[0].kind == "quantity" and rest[0].value.kind == "rank"
    return rest[0] if alone else None


def _replaced(question: Question, found: Reference, subjects: Sequence[Subject], behind: str = "") -> GivenText:
    """The text with names for the words that point back, without its opening."""
    start, end = found.start, found.end
    text = GivenText(question.text)
    words = question.text[start:end]
    if not question.english and words.endswith(("건", "게")):
        # `그건` is `그것은`, and `그게` is `그것이`.
        text = GivenText(question.text[:end] + ("은" if words.endswith("건") else "이") + question.text[end:])
    if words.lower() == "its" or (question.english and found.kind == "company" and words.lower().startswith("its")):
        text = GivenText(question.text[:end] + "'s" + question.text[end:])
    text = text.replaced(start, end, subjects)
    if behind:
        last = max(piece.end for piece in text.given)
        text = GivenText(text.text[:last] + behind + text.text[last:], text.given)
    return text.cut(min(opening(question.text), start), len(text.text))


def _among(asking: SubQuestions, question: Question, found: Reference, turn: Turn) -> Resolved | AskBack:
    etfs = listed_etfs(turn)
    others = max(len(turn.rows(kind)) for kind in ("stock", "company", "tag", "index"))
    if others > 1 and len(etfs) <= 1:
        rest = question.text[: found.start] + question.text[found.end :]
        return (
            among_rows(asking, asking.understand(rest), turn)
            or _in_it(asking, question, found, turn)
            or unclear(question, turn)
        )
    if len(etfs) < 2:
        return unclear(question, turn)
    chosen, note = among(turn, etfs, question.english)
    words = question.text[found.start : found.end]
    behind = "" if question.english else (" 중" if "서" not in words or "중" in words or "가운데" in words else "에서")
    if question.english:
        text = GivenText(question.text)
        preposition = words.split()[0]
        text = text.replaced(found.start + len(preposition) + 1, found.end, [chosen])
        text = text.cut(min(opening(question.text), found.start), len(text.text))
    else:
        text = _replaced(question, found, [chosen], behind)
    return resolved_as(asking, text, note) or unclear(question, turn)


def _in_it(asking: SubQuestions, question: Question, found: Reference, turn: Turn) -> Resolved | None:
    """`거기서 네이버 비중은?` after the stocks of an ETF: the ETF, of which they were a part."""
    etfs, stocks = turn.named("etf"), [token for token in question.tokens if token.kind == "stock"]
    if len(etfs) != 1 or not stocks or not re.match("거기|여기", question.text[found.start :]):
        return None
    return resolved_as(asking, _replaced(question, found, etfs, "에서"))


def listed_etfs(turn: Turn) -> list[Subject]:
    """The ETFs that an answer lists, compares, or counts and sums up."""
    rows = [row.subject for row in turn.rows("etf")]
    return rows or (turn.named("etf") if len(turn.named("etf")) > 1 else _listed(turn))


def _listed(turn: Turn) -> list[Subject]:
    """The ETFs that were counted or summed up: the same question as a list."""
    from agent.reading.reading import read

    dropped = ("count", "average", "sum", "how_much")
    kinds = {token.kind for token in turn.question.tokens}
    if not kinds & {"count", "average", "sum"}:
        return []
    measures = ("fee", "aum", "market_cap", "cost") if kinds & {"average", "sum"} else ()
    tokens = [token for token in turn.question.tokens if token.kind not in (*dropped, *measures)]
    question = Question(turn.question.text, tokens, turn.question.as_of, turn.question.language, turn.question.dataset)
    plan = read(question).plan
    if plan is None or not plan.kind.startswith("etfs_") or plan.kind in ("etfs_count", "etfs_sum", "etfs_average"):
        return []
    return [row.subject for row in Turn(turn.asking, turn.text, question, plan, turn.before).rows("etf")]


def _several(asking: SubQuestions, question: Question, found: Reference, turn: Turn) -> Resolved | AskBack:
    kind = "etf" if found.kind == "etfs" else "stock"
    words = question.text[found.start : found.end]
    subjects = turn.found(kind)
    named = turn.named(kind)
    two = re.search(r"둘|두|two|both", words, re.IGNORECASE)
    if kind == "etf" and len(named) == 2 and two:
        subjects = named
    if kind == "etf" and len(subjects) == 1 and two:
        subjects = [*_before(turn, subjects[0]), *subjects]
    if (two and len(subjects) != 2) or len(subjects) < 2:
        return unclear(question, turn)
    alike = any(token.kind in ("overlap", "together", "both") for token in question.tokens)
    if alike and len(subjects) > 2 and kind == "etf":
        # Only two baskets can be laid side by side.
        return unclear(question, turn)
    if len(subjects) <= MOST_NAMED:
        text = _replaced(question, found, subjects)
        named_text = resolved_as(asking, text)
        if named_text is not None:
            return named_text
    if kind == "stock":
        return unclear(question, turn)
    chosen, note = among(turn, subjects, question.english)
    return resolved_as(asking, _replaced(question, found, [chosen]), note) or unclear(question, turn)


def _before(turn: Turn, subject: Subject) -> list[Subject]:
    """The one ETF of the turn before, where it is another: `KODEX 200 보수는?`, `TIGER 200은?`, `둘 중 뭐가 더 커?`."""
    earlier = turn.before()
    found = candidates(earlier, "etf") if earlier is not None and earlier.answered else []
    return found if len(found) == 1 and found[0].key != subject.key else []


def _one(asking: SubQuestions, question: Question, found: Reference, turn: Turn) -> Resolved | AskBack:
    if found.kind == "ordinal":
        others = [other for other in ordinals(question) if other.start > found.end]
        if others:
            return _places(asking, question, [found, *others], turn)
        subjects = at_place(turn, question, found)
    else:
        subjects = candidates(turn, found.kind)
        if (
            not subjects
            and found.kind == "etf"
            and not re.search("ETF|이티에프|상품|펀드|fund", question.text[found.start : found.end], re.IGNORECASE)
        ):
            subjects = candidates(turn, "stock")
    if not subjects:
        return unclear(question, turn)
    if len(subjects) > 1:
        return which(question, found.start, found.end, subjects, "종목" if found.kind == "stock" else "ETF")
    text = _replaced(question, found, subjects)
    named = turn.named("etf")
    if subjects[0].kind == "stock" and len(named) == 1:
        text = _without(text, named[0], question.english)
    rest = [token for token in content(question) if token.end <= found.start or token.start >= found.end]
    if not rest and found.kind != "ordinal" and not re.search(r"뭐|무엇|어떤|what", question.text):
        return unclear(question, turn)
    return resolved_as(asking, text) or unclear(question, turn)


def _places(asking: SubQuestions, question: Question, found: Sequence[Reference], turn: Turn) -> Resolved | AskBack:
    """`첫 번째랑 세 번째 얼마나 겹쳐?`"""
    text = GivenText(question.text)
    for one in reversed(found):
        subjects = at_place(turn, question, one)
        if not subjects:
            return unclear(question, turn)
        text = text.replaced(one.start, one.end, subjects)
    return resolved_as(asking, text.cut(opening(question.text), len(text.text))) or unclear(question, turn)


def candidates(turn: Turn, kind: str) -> list[Subject]:
    """What `그 ETF` or `그 종목` can mean: one thing where it is clear, several where it has to be asked back."""
    rows = [row.subject for row in turn.rows(kind)]
    named = turn.named(kind)
    if not rows:
        return named
    if len(rows) == 1:
        return rows
    if {row.key for row in rows} <= {subject.key for subject in named}:
        # Two that were compared: either may be meant.
        return rows
    return rows[:1] if turn.ordered else rows


def at_place(turn: Turn, question: Question, found: Reference) -> list[Subject]:
    """What stands at a place of the last answer's list; nothing where there is no such place."""
    etfs, stocks = turn.rows("etf"), turn.rows("stock")
    words = question.text[found.start : found.end]
    rows = stocks if "종목" in words or "stock" in words or len(etfs) < 2 else etfs
    rows = rows or etfs or next((rows for kind in ("company", "tag", "index") if (rows := turn.rows(kind))), [])
    if len(rows) < 2 or found.place == 0 or found.place > len(rows):
        return []
    return [rows[found.place - 1 if found.place > 0 else -1].subject]


_ASKED_OF = {"company": "의 운용사는?", "index": "의 기초지수는?"}


def _attribute(asking: SubQuestions, question: Question, found: Reference, turn: Turn) -> Resolved | AskBack:
    """The manager, index or theme that the conversation is about: named before, answered, or the ETF's own."""
    etfs = candidates(turn, "etf")
    subjects = [row.subject for row in turn.rows(found.kind)][: 1 if turn.ordered else 2] or turn.named(found.kind)
    if len(subjects) != 1 and len(etfs) == 1 and found.kind in _ASKED_OF:
        asked = GivenText(f"□{_ASKED_OF[found.kind]}").replaced(0, 1, etfs)
        plan = asking.plan(asked)
        subjects = [] if plan is None else [row.subject for row in _answer(turn, asking, asked, plan).rows(found.kind)]
    if len(subjects) != 1:
        return unclear(question, turn)
    left_out = etfs[0] if len(etfs) == 1 else None
    text = _without(_replaced(question, found, subjects), left_out, question.english)
    return resolved_as(asking, text) or unclear(question, turn)


def _answer(turn: Turn, asking: SubQuestions, text: GivenText, plan: Plan) -> Turn:
    return Turn(turn.asking, text, asking.understand(text), plan, turn.before)


def _without(text: GivenText, left_out: Subject | None, english: bool) -> GivenText:
    """`그 운용사의 다른 ETF`: all of them but the one that was spoken of."""
    found = (_OTHERS_EN if english else _OTHERS).search(text.text)
    if found is None:
        return text
    if left_out is None:
        return text.replaced(found.start(), found.end(), " ETFs" if english else "의 ETF")
    words = f"other than {left_out.name}" if english else f"{left_out.name} 아닌"
    subject = Subject("etf_left_out", left_out.keys, f"{left_out.name} 제외", words, "given")
    if english:
        text = text.replaced(found.start(), found.end(), " ETFs ")
        return text.replaced(found.start() + 6, found.start() + 6, [subject])
    behind = text.text[found.end() :]
    named = any(piece.end == found.start() for piece in text.given)
    before = f"{text.text[: found.start()].rstrip()}{'의' if named else ''} "
    return GivenText(f"{before}□ ETF{behind}", text.given).replaced(len(before), len(before) + 1, [subject])


__all__ = ["at_place", "by_reference", "candidates", "etf_set"]
