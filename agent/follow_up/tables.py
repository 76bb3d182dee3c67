"""Choosing among the rows of an answer: `그중 비중이 제일 큰 건?` after the holdings of an ETF."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.answer import Table
from agent.composition.sub_questions import SubQuestions
from agent.follow_up.resolved import Resolved
from agent.follow_up.turns import Turn
from agent.follow_up.words import content
from agent.given_names import GivenText
from agent.reading import wording
from agent.reading.conditions import Unclear, conditions, direction, limit, rank, singular
from agent.reading.plan import Plan, Reply, Steps
from agent.reading.question import Question, Reader

# A measure's words, and what the head of its column says.
_COLUMNS = {
    "weight": ("비중", "weight"), "percent_word": ("비중", "weight"), "hold": ("비중", "weight"), "quantity_held": ("수량", "shares"),
    "etf_word": ("ETF 수", "ETFs"), "count": ("", ""), "aum": ("순자산", "assets"), "fee": ("보수", "fee"),
}  # fmt: skip
_MEASURES = {"weight": "weight", "percent_word": "weight", "hold": "weight"}


def among_rows(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | None:
    """The earlier answer's rows sorted, filtered or counted by a figure that they show; None where they do not show it."""
    del asking
    if turn.reply is None or turn.plan is None or not turn.reply.tables:
        return None
    table = turn.reply.tables[0]
    reader = Reader(question)
    try:
        bounds = conditions(reader, _MEASURES, {"percent": "weight"})
        one, place = singular(reader), rank(reader)
        count, said = limit(reader, None)
        descending = direction(reader)
    except Unclear:
        return None
    column = _column(table, reader)
    counted = reader.take("count")
    reader.take(
        "weight",
        "percent_word",
        "hold",
        "stock_word",
        "holdings",
        "by_order",
        "both",
        "together",
        "all",
        "only",
        "quantity_held",
        "aum",
        "fee",
        "where",
        "manager",
        "tag_word",
        "index_word",
    )
    holders = reader.has("etf_word") and any(column in table.columns for column in ("종목코드", "종목", "stock"))
    if column is None or holders or reader.unexplained() or not content(question):
        return None
    position = table.columns.index(column)
    rows = [row for row in table.rows if isinstance(row[position], int | float)]
    for bound in bounds:
        rows = [row for row in rows if _meets(row[position], bound)]
    if descending is None and not bounds and not counted and not place:
        return None
    if descending is not None:
        rows = sorted(rows, key=lambda row: row[position], reverse=descending)
    if place:
        rows = rows[place - 1 : place]
    elif said:
        rows = rows[:count]
    elif one:
        rows = [row for row in rows if row[position] == rows[0][position]]
    shown = replace(table, rows=rows)
    plan = turn.plan
    note = (
        f"_Among the {len(table.rows)} rows of “{turn.text.text.rstrip('?')}”_"
        if question.english
        else f"_‘{turn.text.text.rstrip('?')}’의 {len(table.rows)}개에서 찾았습니다_"
    )

    def steps() -> Steps:
        yield from plan.steps()
        return _reply(shown, position, counted, question.english)

    return Resolved(GivenText(question.text), question, Plan("among_rows", steps), note)


def _column(table: Table, reader: Reader) -> str | None:
    """The one column of the figure that is asked for; the weight where none is."""
    english = reader.question.english
    if any(token.kind in ("big", "small") and token.text[0] in "많적" for token in reader.tokens) and not reader.has(
        "hold"
    ):
        counted = [column for column in table.columns if column in ("ETF 수", "ETFs")]
        if len(counted) == 1:
            return counted[0]
    asked = [heads[english] for kind, heads in _COLUMNS.items() if reader.find(kind) and heads[0]]
    for head in [*asked, "weight" if english else "비중"]:
        found = [column for column in table.columns if head in column]
        if len(found) == 1:
            return found[0]
        if head in asked:
            return None
    return None


def _meets(value: float, bound: Any) -> bool:
    fits = {">=": value >= bound.value, ">": value > bound.value, "<=": value <= bound.value, "<": value < bound.value}[
        bound.operator
    ]
    return fits and (bound.high is None or value <= bound.high)


def _reply(table: Table, position: int, counted: bool, english: bool) -> Reply:
    if not table.rows:
        return Reply("None of them." if english else "그중에는 없습니다.")
    name = next(
        (
            i
            for i, column in enumerate(table.columns)
            if column
            in ("종목", "ETF", "stock", "holding", "구성종목", "운용사", "테마", "지수", "manager", "theme", "index")
        ),
        0,
    )
    items = [f"{row[name]}({_figure(table.columns[position], row[position])})" for row in table.rows]
    if counted:
        text = (
            f"**{len(items)}**: {wording.listed(items, 5, True)}."
            if english
            else f"**{len(items)}개**입니다: {wording.listed(items)}."
        )
        return Reply(text, [table])
    if len(items) == 1:
        return Reply(f"**{items[0]}**." if english else f"**{items[0]}**입니다.", [table])
    first = f"{items[0]}"
    text = (
        f"{len(items)}: first {first}. {wording.listed(items, 10, True)}."
        if english
        else f"{len(items)}개입니다. {wording.listed(items, 10)}."
    )
    return Reply(text, [table])


def _figure(column: str, value: float) -> str:
    if "원" in column or "KRW" in column:
        return wording.amount(value, "KRW" in column)
    return wording.percent(value) if "%" in column else wording.number(value)
