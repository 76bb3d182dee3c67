"""What is said when a question was not read completely: ask for a name, say what is unknown, and offer questions that can be answered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection

from agent.linking import Link
from agent.reading import wording
from agent.reading.plan import Reply
from agent.reading.question import Question
from agent.reading.reading import Outcome
from agent.verified_example import Example
from backend.market.search import resolve, search

_MOST = 4
_KIND_NAMES = {"etf": "ETF", "stock": "종목", "company": "운용사", "tag": "테마", "index": "지수", "group": "그룹"}
_DEFAULTS = {
    "etf": ("KODEX 200", "TIGER 200"), "stock": ("삼성전자", "SK하이닉스"), "company": ("삼성자산운용", "미래에셋자산운용"), "tag": ("반도체", "월배당"),
    "index": ("코스피 200", "S&P 500"), "date": ("어제",), "period": ("최근 한 달",), "n": ("5",), "percent": ("5%",), "amount_krw": ("1,000만원",),
    "industry": ("반도체 제조업",),
}  # fmt: skip


def ask_back(connection: Connection, question: Question, outcome: Outcome, near: Sequence[Example]) -> Reply:
    """The reply to a question without a complete reading."""
    suggestions = suggested(question, near)
    if question.ambiguous:
        return _which(connection, question, question.ambiguous[0])
    unknown = [token for token in question.tokens if token.kind == "unknown_code"]
    if unknown:
        return _unknown(connection, question, unknown[0].text, suggestions, code=True)
    if outcome.unclear is not None:
        text = outcome.unclear.en if question.english else outcome.unclear.ko
        return Reply(text, status="clarify", suggestions=list(outcome.unclear.suggestions) or suggestions)
    words = [token for token in question.tokens if token.kind == "unknown"]
    if words:
        return _unknown(
            connection, question, _longest_stretch(question, words[0].start, words[-1].end, words), suggestions
        )
    if question.english:
        return Reply(
            "I am not sure what is asked. You could ask one of these.", status="refused", suggestions=suggestions
        )
    return Reply(
        "질문을 정확히 이해하지 못했습니다. 아래처럼 물어봐 주시면 답할 수 있습니다.",
        status="refused",
        suggestions=suggestions,
    )


def _which(connection: Connection, question: Question, link: Link) -> Reply:
    options = [(named.kind, named.key, named.name) for named in link.options if named.kind != "group"]
    if len(options) < len(link.options):
        # A business group: its members are what the name can mean.
        hits = resolve(connection, link.mention).hits
        options += [(hit.kind, hit.code, hit.name) for hit in hits]
    if any(token.kind in ("hold", "weight") for token in question.tokens):
        # A manager cannot be held.
        options.sort(key=lambda option: option[0] == "company")
    shown = list({(kind, name): (kind, key, name) for kind, key, name in options}.values())[:_MOST]
    names = ", ".join(
        f"{name}({_KIND_NAMES[kind]}{f' {key}' if kind in ('etf', 'stock') else ''})" for kind, key, name in shown
    )
    suggestions = [question.text.replace(link.mention, name, 1) for _, _, name in shown]
    ko = f"‘{link.mention}’{_copula(link.mention)} 여러 가지를 뜻할 수 있습니다: {names}. 어느 것인가요?"
    en = f"“{link.mention}” can mean several things: {names}. Which one?"
    return Reply(en if question.english else ko, status="clarify", suggestions=suggestions)


def _copula(mention: str) -> str:
    from agent.templates import with_particle

    return with_particle(mention, "은는")[len(mention) :]


def _longest_stretch(question: Question, start: int, end: int, words: Sequence) -> str:
    longest = max(words, key=lambda word: len(word.text))
    if longest.text.isascii() and (before := re.search(r"[A-Z]{2,}\s+$", question.text[: longest.start])):
        # `SK Square`: half a name resembles other names.
        return f"{before[0]}{longest.text}"
    # What is written in one with it belongs to it: half a word resembles other names.
    start = longest.start
    while start > 0 and question.text[start - 1].isalnum():
        start -= 1
    return question.text[start : longest.end].strip()


def _unknown(
    connection: Connection, question: Question, mention: str, suggestions: list[str], *, code: bool = False
) -> Reply:
    hits = []
    if _is_telling(mention):
        hits = [hit for hit in search(connection, mention, limit=_MOST) if hit.score >= 0.35]
    what = "코드" if code else "말"
    if hits:
        names = ", ".join(f"{hit.name}({hit.code})" if hit.kind in ("etf", "stock") else hit.name for hit in hits)
        close = [question.text.replace(mention, hit.name, 1) for hit in hits]
        if question.english:
            return Reply(f"I do not know “{mention}”. Did you mean {names}?", status="clarify", suggestions=close)
        return Reply(
            f"‘{mention}’{_object(mention)} 자료에서 찾지 못했습니다. 혹시 이 가운데 하나인가요? {names}",
            status="clarify",
            suggestions=close,
        )
    if question.english:
        return Reply(f"I do not know “{mention}”.", status="refused", suggestions=suggestions)
    return Reply(
        f"‘{mention}’{_subject(mention)}라는 {what}{'는' if what == '코드' else '은'} 자료에 없습니다.",
        status="refused",
        suggestions=suggestions,
    )


def _is_telling(mention: str) -> bool:
    """Whether a mention is long enough to resemble a name: a syllable, or two or three letters with a digit, resemble many."""
    plain = re.sub(r"\W", "", mention)
    plain = re.sub(r"(?<=^[가-힣])(?:에|은|는|을|를|의|이|가)$", "", plain)
    return len(plain) > 1 and not (plain.isascii() and len(plain) < 4 and re.search(r"\d", plain))


def _object(mention: str) -> str:
    from agent.templates import with_particle

    return with_particle(mention, "을를")[len(mention) :]


def _subject(mention: str) -> str:
    from agent.templates import with_particle

    return "이" if with_particle(mention, "이가").endswith("이") else ""


def suggested(question: Question, near: Sequence[Example]) -> list[str]:
    """The nearest questions that can be answered, with the names of this question where they fit."""
    names: dict[str, list[str]] = {}
    for token in question.tokens:
        if token.is_entity and hasattr(token.value, "name"):
            names.setdefault(token.kind, []).append(token.value.name)
    found = []
    for example in near:
        if example.outcome == "answered":
            found.append(_filled(example, names))
    return list(dict.fromkeys(found))[:3]


def _filled(example: Example, names: dict[str, list[str]]) -> str:
    types = {slot.name: slot.type for slot in example.slots}
    taken: dict[str, int] = {}

    def fill(slot: str) -> str:
        kind = types[slot]
        values = [*names.get(kind, []), *[value for value in _DEFAULTS[kind] if value not in names.get(kind, [])]]
        position = taken.get(kind, 0)
        taken[kind] = position + 1
        return values[min(position, len(values) - 1)]

    return wording.filled(example.question, fill)
