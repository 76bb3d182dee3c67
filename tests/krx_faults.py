"""The ways in which the local KRX misbehaves, and what becomes of the rows it sends."""

from __future__ import annotations

from dataclasses import dataclass

from tests.krx_markets import Row

KINDS = (
    "unauthorized", "forbidden", "not_found", "too_many", "server_error", "silent", "slow_headers", "slow_body",
    "truncated", "cut", "hang_up", "html", "empty", "dashes", "logout", "tenth", "only_cash", "unreadable", "renamed",
    "no_block", "other_day", "password_expired",
)  # fmt: skip


@dataclass
class Fault:
    """A way to misbehave.

    `on` is what is asked for: `prices` (Open API), `listing`, `day_prices`, `basket` (data service), `login`, or `any`.
    The first `after` matching calls go well, then `times` go wrong (None: all). `seconds` is how long a slow answer
    takes, `retry_after` what a 429 or 5xx says.
    """

    kind: str
    on: str = "any"
    etf: str | None = None
    day: str | None = None
    after: int = 0
    times: int | None = None
    seconds: float = 30.0
    retry_after: str | None = None
    status: int = 503
    seen: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(KINDS)}")

    def strikes(self, call: Call) -> bool:
        """Count a call that matches and say whether it goes wrong."""
        matches = self.on in ("any", call.what) and self.etf in (None, call.etf) and self.day in (None, call.day)
        if not matches or (self.on == "any" and call.what in ("login", "login_page")):
            return False
        self.seen += 1
        return self.seen > self.after and (self.times is None or self.seen <= self.after + self.times)


@dataclass
class Call:
    """A request that came: what was asked for, of which ETF (code) and day (ISO), when, and the status it got."""

    what: str
    etf: str | None = None
    day: str | None = None
    at: float = 0.0
    status: int = 0
    parameters: dict[str, str] | None = None


def dashed(rows: list[Row]) -> list[Row]:
    """Return a basket as on a holiday: names, and nothing else."""
    named = ("COMPST_ISU_CD", "COMPST_ISU_CD2", "COMPST_ISU_NM", "MKT_ID", "SECUGRP_ID")
    return [{name: value if name in named else "-" for name, value in row.items()} for row in rows]


def spoilt(kind: str, rows: list[Row]) -> list[Row]:
    """Return the rows as a fault makes them."""
    match kind:
        case "empty":
            return []
        case "dashes":
            kept = ("ISU_CD", "ISU_SRT_CD", "ISU_ABBRV", "ISU_NM", "COMPST_ISU_CD", "COMPST_ISU_NM", "LIST_SHRS")
            return [{name: value if name in kept else "-" for name, value in row.items()} for row in rows]
        case "tenth":
            return rows[: max(1, len(rows) // 10)]
        case "only_cash":
            return [row for row in rows if row.get("COMPST_ISU_CD", "").startswith("KRD")]
        case "unreadable":
            field = "COMPST_ISU_CU1_SHRS" if rows and "COMPST_ISU_CU1_SHRS" in rows[0] else "TDD_CLSPRC"
            return [row | ({field: "#N/A"} if n == 0 else {}) for n, row in enumerate(rows)]
        case "other_day":
            return [row | {"BAS_DD": "19990104"} for row in rows]
        case "renamed":
            return [{f"{name}_NEW": value for name, value in row.items()} for row in rows]
    return rows
