"""An answer as one Markdown text, for clients that have no room of their own for tables and evidence."""

from __future__ import annotations

import re
from typing import Any

from agent.answer import Answer, Table

MOST_ROWS = 30
"""Most rows of one table that are written out."""
UNSET = "_여기서는 아무것도 설정되지 않습니다. 알림은 웹 화면에 로그인해 대화나 [관심 목록](/watchlist)에서 설정할 수 있습니다._"
"""What stands below a proposed alert where nobody can be signed in."""
_SPECIAL = re.compile(r"[|\\`*_\[\]<>]")


def whole(answer: Answer, page: str = "") -> str:
    """Return the answer's text followed by its tables and evidence; links to our page begin with its address, `page`."""
    return linked(answer.answer, page) + appendix(answer, page)


def linked(text: str, page: str) -> str:
    """Return a text whose links to places of our page lead there from anywhere."""
    return text.replace("](/", f"]({page}/") if page else text


def appendix(answer: Answer, page: str = "") -> str:
    """Return what stands below the answer's text: tables, whose query it was, the Cypher, where a proposed alert is set, and what can be asked
    next."""
    parts = [table(one) for one in answer.tables if one.rows]
    if answer.source == "verified" and answer.example:
        parts.append(f"**검증된 질의**: {escaped(answer.example)}")
    if answer.cypher:
        parts.append("\n\n".join(f"```cypher\n{cypher.strip()}\n```" for cypher in answer.cypher))
    if answer.proposal is not None:
        parts.append(linked(UNSET, page))
    if answer.suggestions and answer.status != "answered":
        parts.append("\n".join(f"- {escaped(suggestion)}" for suggestion in answer.suggestions))
    return "".join(f"\n\n{part}" for part in parts)


def table(shown: Table) -> str:
    """Return a table in GitHub's Markdown, at most MOST_ROWS rows long."""
    lines = [f"**{escaped(shown.title)}**", ""] if shown.title else []
    lines += [_row(shown.columns), "|" + " --- |" * len(shown.columns)]
    lines += [_row(row) for row in shown.rows[:MOST_ROWS]]
    hidden = len(shown.rows) - MOST_ROWS
    if hidden > 0 or shown.truncated:
        lines += ["", f"_… 외 {hidden:,}행_" if hidden > 0 and not shown.truncated else "_… 더 있습니다_"]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return a text from the data so that nothing in it is read as Markdown."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], " ".join(text.split()))


def _row(cells: list[Any]) -> str:
    return "| " + " | ".join("" if cell is None else escaped(str(cell)) for cell in cells) + " |"
