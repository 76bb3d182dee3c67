"""What can go wrong with KRX, by what there is to do about it."""

from __future__ import annotations

from datetime import datetime

from backend.errors import NotFound, Unavailable


class KrxRefused(Unavailable):
    """KRX turned the key or the account away. Asking again changes nothing: somebody has to set it right."""

    slug = "krx-refused"
    title_ko = "KRX 인증 거절"


class KrxBudgetSpent(Unavailable):
    """The calls of the day are used up. `resets_at` is midnight in Seoul."""

    slug = "krx-budget-spent"
    title_ko = "KRX 하루 호출 한도"

    def __init__(self, message: str, *, ko: str, resets_at: datetime) -> None:
        super().__init__(message, ko=ko, resets_at=resets_at.isoformat())
        self.resets_at = resets_at


class KrxUnavailable(Unavailable):
    """KRX does not answer, or not with what can be read.

    `passing` says that the same call may succeed a little later, `retry_after_s` when KRX wants to be asked again.
    """

    slug = "krx-unavailable"
    title_ko = "KRX 응답 없음"

    def __init__(self, message: str, *, ko: str, passing: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(message, ko=ko)
        self.passing = passing
        self.retry_after_s = retry_after_s


class KrxMissing(NotFound):
    """KRX answered, and has nothing for this ETF on this date: a gap, never "everything was sold"."""

    slug = "krx-missing"
    title_ko = "KRX 자료 없음"
