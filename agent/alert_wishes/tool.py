"""The tool by which a language model proposes an alert. It proposes and nothing more: a person confirms, and neither the model
nor anything that it has read can do so."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from agent.alert_wishes.form import ALERT_NOUN
from agent.alert_wishes.proposal import KINDS, MOST_ETFS, AlertProposal, WishedEtf, in_order
from agent.alert_wishes.sentences import proposed
from agent.run_context import RunContext
from agent.tool_texts import visible
from agent.tools import ContextTool
from backend.errors import NotFound
from backend.market.etfs import etf_code, get_etf

# Wider than the forms that are understood offline: these are the words that the model is there for.
_MAY_WISH = re.compile(
    rf"{ALERT_NOUN}|구독|(?:면|때|때마다|마다|대로|거든|경우|시|자마자|순간)[\s,]+(?:\S+\s+){{0,4}}(?:알려|알리|말해|얘기|연락|보내|톡|귀띔|울려)|알리지\s?마|그만\s?알려|"
    r"\b(?:notif\w*|alerts?|let\s+me\s+know|tell\s+me\s+(?:when|if|once)|warn\s+me|ping\s+me|message\s+me|dm\s+me|watch\s?list|stop\s+telling)\b",
    re.IGNORECASE,
)


def may_propose(said: Sequence[str]) -> bool:
    """Whether the person's own last words may wish for an alert: nobody else's words bring the tool about."""
    return any(_MAY_WISH.search(text) for text in said)


class ProposeAlert(ContextTool):
    """Proposes an alert; the run ends with it."""

    name = "propose_alert"
    description = (
        "Proposes an alert for the person to confirm, when the person asks to be told of future changes of ETFs or to stop "
        "being told. It sets nothing and ends the run; call it alone. There are no alerts on prices or single stocks."
    )
    inputs = {  # noqa: RUF012 - smolagents wants a plain class attribute
        "etf_codes": {
            "type": "array", "items": {"type": "string"},
            "description": f"Codes of the ETFs, at most {MOST_ETFS}; empty for all on the person's watchlist",
        },
        "kinds": {
            "type": "array", "items": {"type": "string"},
            "description": f"What is told: {', '.join(KINDS)}; more, less and weight have a threshold",
        },
        "threshold_pp": {
            "type": "number", "description": "Least change, percentage points, 0 to 100; left out where none was said", "nullable": True,
        },
        "premium_pct": {"type": "number", "description": "Limit of the premium, %, 0 to 100", "nullable": True},
        "discord": {
            "type": "boolean", "description": "Whether to tell Discord as well; left out where nothing was said", "nullable": True,
        },
        "mute": {"type": "boolean", "description": "True to stop telling these kinds; without kinds, everything", "nullable": True},
    }  # fmt: skip

    def __init__(self, context: RunContext, english: bool) -> None:
        self._english = english
        super().__init__(context)

    def forward(
        self,
        etf_codes: Any,
        kinds: Any,
        threshold_pp: Any = None,
        premium_pct: Any = None,
        discord: Any = None,
        mute: Any = None,
    ) -> str:
        self.context.check()
        try:
            proposal = AlertProposal(
                self._etfs(_texts("etf_codes", etf_codes, MOST_ETFS)),
                _kinds(_texts("kinds", kinds, len(KINDS))),
                _percent("threshold_pp", threshold_pp),
                _percent("premium_pct", premium_pct),
                _flag("discord", discord),
                bool(_flag("mute", mute)),
            )
            if not proposal.mute and not proposal.kinds:
                raise ValueError(f"kinds must name at least one of {', '.join(KINDS)}")
        except ValueError as error:
            return visible(
                f"Error: {error}. Nothing was proposed: repair the call, or ask the person back with final_answer."
            )
        self.context.proposal = proposal
        return "Proposed. The person will be asked to confirm it; nothing is set."

    def _etfs(self, codes: list[str]) -> tuple[WishedEtf, ...]:
        found: dict[str, WishedEtf] = {}
        with self.context.database.reading() as connection:
            for code in codes:
                try:
                    exact = etf_code(connection, code)
                    found[exact] = WishedEtf(exact, get_etf(connection, exact).name)
                except NotFound as error:
                    raise ValueError(f"no ETF has the code {code[:20]!r}: look it up with search_etf") from error
        return tuple(found.values())

    def answer(self) -> str:
        """The proposal in words: what the person confirms is said by us, and not by the model."""
        assert self.context.proposal is not None
        return proposed(self.context.proposal, (), self._english)


def _texts(name: str, given: Any, most: int) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValueError(f"{name} must be a list of strings")
    if len(given) > most:
        raise ValueError(f"{name} has {len(given)} entries; at most {most} are allowed")
    return given


def _kinds(given: list[str]) -> tuple:
    unknown = [kind for kind in given if kind not in KINDS]
    if unknown:
        raise ValueError(f"unknown kinds {unknown[:3]}: choose from {', '.join(KINDS)}")
    return in_order(given)


def _percent(name: str, given: Any) -> float | None:
    if given is None:
        return None
    if (
        isinstance(given, bool)
        or not isinstance(given, int | float)
        or not math.isfinite(given)
        or not 0 <= given <= 100
    ):
        raise ValueError(f"{name} must be a number from 0 to 100, or left out")
    return round(float(given), 2)


def _flag(name: str, given: Any) -> bool | None:
    if given is not None and not isinstance(given, bool):
        raise ValueError(f"{name} must be true or false, or left out")
    return given
