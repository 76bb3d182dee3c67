"""The KRX Open API: prices, NAV, volume, value and net assets of every ETF on a day.

It has neither baskets nor fees nor managers. A key comes from openapi.krx.co.kr, and each of its services has to be
applied for on its own: here "ETF 일별매매정보" (`etp/etf_bydd_trd`).
"""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import date

import httpx
from pydantic import SecretStr

from backend.collection.sources.krx.budget import Budget
from backend.collection.sources.krx.connection import Answer, Connection, Patience, refuse_other
from backend.collection.sources.krx.errors import KrxRefused, KrxUnavailable
from backend.collection.sources.krx.rows import PRICE_FIELDS, TRADED_FIELDS, Holiday, check_fields, says_nothing, text

SERVICE = "KRX Open API"
PATH = "/etp/etf_bydd_trd"
ROWS = "OutBlock_1"
NOT_APPLIED_FOR = b"Unauthorized API Call"
HEADER_VALUE = re.compile(r"[!-~]+")


class Key(httpx.Auth):
    """Adds the key to each request; neither the client nor its representation holds it."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["AUTH_KEY"] = self._key.get_secret_value().strip()
        yield request


class OpenApi:
    """The client of the KRX Open API. Each call, also a repeated one, is taken from the budget."""

    def __init__(
        self, url: str, key: SecretStr, budget: Budget, *, timeout_s: float = 20, patience: Patience | None = None
    ) -> None:
        self._connection = Connection(SERVICE, url, budget, timeout_s=timeout_s, auth=Key(key))
        self._key = key
        self._patience = patience or Patience()

    def prices(self, day: date) -> list[dict[str, str]] | Holiday:
        """Return one row for each ETF as KRX names its fields, or Holiday where it has none for the day.

        Raises KrxRefused (key), KrxBudgetSpent, and KrxUnavailable once trying again has not helped.
        """
        if not HEADER_VALUE.fullmatch(self._key.get_secret_value().strip()):
            raise KrxRefused(
                "ATLAS_KRX_API_KEY holds characters that no key has. Copy the key again from https://openapi.krx.co.kr "
                "(My Page).",
                ko="ATLAS_KRX_API_KEY에 인증키에 쓰이지 않는 글자가 있습니다. https://openapi.krx.co.kr 에서 다시 복사해 주세요.",
            )
        return self._patience.call(lambda: self._prices(day))

    def close(self) -> None:
        self._connection.close()

    def _prices(self, day: date) -> list[dict[str, str]] | Holiday:
        asked = f"{day:%Y%m%d}"
        answer = self._connection.send("GET", PATH, params={"basDd": asked})
        if answer.status in (401, 403):
            raise _refused(answer)
        refuse_other(answer)
        content = answer.json()
        rows = content.get(ROWS) if isinstance(content, dict) else None
        if not isinstance(rows, list):
            raise KrxUnavailable(
                f"{answer.where} sent JSON without {ROWS}: its answers have changed, so this version of ETF Atlas "
                "cannot read them. Look for a newer version.",
                ko="KRX Open API의 응답 형식이 바뀌어 읽을 수 없습니다. ETF Atlas를 새 버전으로 바꿔 주세요.",
            )
        check_fields(rows, PRICE_FIELDS, "prices")
        days = {text(row, "BAS_DD") or asked for row in rows} - {asked}
        if days:
            raise KrxUnavailable(
                f"{answer.where} was asked for {day} and sent prices of {', '.join(sorted(days))}: nothing is taken of it. "
                "Try again later.",
                ko=f"KRX가 {day} 대신 다른 날짜({', '.join(sorted(days))})의 시세를 보냈습니다. 나중에 다시 시도해 주세요.",
                passing=True,
            )
        return Holiday(day) if says_nothing(rows, TRADED_FIELDS) else rows


def _refused(answer: Answer) -> KrxRefused:
    """Return the error for a refused key. KRX says which of the two it is; a relay may not."""
    if NOT_APPLIED_FOR in answer.content:
        return KrxRefused(
            f"{answer.where} takes the key, but not for this service ({answer.status}): 'ETF 일별매매정보' was not applied "
            "for with it, or KRX has not approved that yet. Apply at https://openapi.krx.co.kr (My Page shows the state).",
            ko="인증키는 맞지만 'ETF 일별매매정보' 서비스 이용을 신청하지 않았거나 아직 승인되지 않았습니다. "
            "https://openapi.krx.co.kr 에서 신청하고 마이페이지에서 승인 여부를 확인해 주세요.",
        )
    return KrxRefused(
        f"{answer.where} refuses the key ({answer.status}): ATLAS_KRX_API_KEY is wrong or has expired (keys are valid for "
        "a year), or the service 'ETF 일별매매정보' was not applied for with it. See https://openapi.krx.co.kr (My Page).",
        ko="KRX Open API가 인증키를 거절했습니다. ATLAS_KRX_API_KEY가 맞는지, 1년이 지나 만료되지 않았는지, "
        "'ETF 일별매매정보' 서비스 이용을 신청해 승인받았는지 https://openapi.krx.co.kr 에서 확인해 주세요.",
    )
