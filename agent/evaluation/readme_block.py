"""The README's table of how good the agent is, made from a run."""

from __future__ import annotations

import re

from agent.evaluation.figures import Figures, Share
from backend.errors import NotFound

START, END = "<!-- evaluation:start -->", "<!-- evaluation:end -->"
_BLOCK = re.compile(rf"({re.escape(START)}\n).*?({re.escape(END)})", re.DOTALL)


def with_block(readme: str, block: str) -> str:
    """The README's text with the block between its marks. Raises NotFound where the marks do not stand in it once."""
    if len(_BLOCK.findall(readme)) != 1:
        raise NotFound(f"README.md must have the marks {START} and {END} once")
    return _BLOCK.sub(lambda marks: f"{marks[1]}{block}{marks[2]}", readme)


def block_of(set_name: str, model: str, as_of: str, figures: Figures) -> str:
    """The block: one sentence with the totals, and accuracy by kind of question."""
    overall, times = figures.overall, figures.end_to_end
    lines = [
        f"`{set_name}`, {overall.questions} questions, model `{model}`, data of {as_of}: **{overall.accuracy:.1%} right**, "
        f"**{overall.wrong_but_sure:.1%} wrong but sure**; end to end p50 {times.p50:.0f} ms, p95 {times.p95:.0f} ms.",
        "",
        "| kind of question | questions | right | wrong but sure | not answered |",
        "| --- | --: | --: | --: | --: |",
        *(_line(name.replace("_", " "), share) for name, share in sorted(figures.by_kind.items())),
        *(_line(f"in {_LANGUAGES.get(name, name)}", share) for name, share in sorted(figures.by_lang.items(), reverse=True)),
        _line("**all**", overall),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


_LANGUAGES = {"ko": "Korean", "en": "English"}


def _line(name: str, share: Share) -> str:
    left = share.refused + share.asked_back + share.failed
    return f"| {name} | {share.questions} | {share.accuracy:.0%} | {share.wrong} | {left} |"
