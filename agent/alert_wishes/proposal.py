"""What an alert would tell, as an answer proposes it. Nothing here is set: a person confirms a proposal, and only then is it written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["new", "out", "more", "less", "weight", "premium", "fee", "name"]
KINDS: tuple[Kind, ...] = ("new", "out", "more", "less", "weight", "premium", "fee", "name")
TRADES: tuple[Kind, ...] = ("new", "out", "more", "less")
USUAL: tuple[Kind, ...] = ("new", "out", "more", "less", "weight", "fee", "name")
"""What an ETF on a watchlist tells unless its person chooses otherwise."""
USUAL_THRESHOLD_PP = 0.5
USUAL_PREMIUM_PCT = 1.0
MOST_ETFS = 20
"""Most ETFs that one wish can name; more belong on the watchlist's page."""


@dataclass(frozen=True)
class WishedEtf:
    """An ETF of the loaded market."""

    code: str
    name: str


@dataclass(frozen=True)
class AlertProposal:
    """An alert that was wished for and not confirmed yet.

    No `etfs` means all on the watchlist. `kinds` are added to those that are told already; with `mute` they are taken away,
    and without any everything is. `threshold_pp` is in percentage points, `premium_pct` in %; None leaves what is set, or
    the usual value. `discord` says whether Discord is told besides the page; None leaves it.
    """

    etfs: tuple[WishedEtf, ...]
    kinds: tuple[Kind, ...] = ()
    threshold_pp: float | None = None
    premium_pct: float | None = None
    discord: bool | None = None
    mute: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of an answer's `proposal`."""
        return {
            "kind": "alert",
            "etfs": [{"code": etf.code, "name": etf.name} for etf in self.etfs],
            "kinds": list(self.kinds),
            "threshold_pp": self.threshold_pp,
            "premium_pct": self.premium_pct,
            "discord": self.discord,
            "mute": self.mute,
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> AlertProposal:
        """Read what `as_dict` wrote. Raises ValueError for anything else."""
        try:
            etfs = tuple(WishedEtf(str(etf["code"]), str(etf["name"])) for etf in given["etfs"])
            kinds = in_order(given["kinds"])
            if len(kinds) != len(given["kinds"]) or given["kind"] != "alert":
                raise ValueError(given["kinds"])
            return cls(
                etfs, kinds, given["threshold_pp"], given["premium_pct"], given["discord"], bool(given["mute"])
            )  # fmt: skip
        except (KeyError, TypeError) as error:
            raise ValueError(f"no proposal of an alert: {given!r}") from error


def in_order(kinds: Any) -> tuple[Kind, ...]:
    """Known kinds, each once, in the order in which they are shown."""
    chosen = set(kinds)
    return tuple(kind for kind in KINDS if kind in chosen)
