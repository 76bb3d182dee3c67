"""Days that an ETF has no data of: the refusal names the ETF and its last day, and offers what that day brought."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from agent import runner
from agent.runner import ask
from backend.db.engine import Database
from backend.market.changes import get_changes
from backend.market.holdings import NoSnapshot, snapshot_on
from backend.settings import Settings


def test_trades_beyond_the_last_day_name_it_and_offer_it(
    sample_database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sample_database.engine("atlas_app").connect() as connection:
        last = snapshot_on(connection, "069500", None)
        with pytest.raises(NoSnapshot) as raised:
            get_changes(connection, "069500", last + timedelta(days=7), last + timedelta(days=9))
    assert raised.value.ko.startswith(f"KODEX 200의 구성 종목 자료는 {last}까지")

    def fail(*_: object) -> None:
        raise raised.value

    with monkeypatch.context() as patched:
        patched.setattr(runner, "_answer", fail)
        answer = ask(sample_database, "KODEX 200 다음 주 매매 내역", settings=settings)
    assert answer.status == "refused"
    assert answer.suggestions == [f"KODEX 200 {last} 매매 내역은?"]
    assert ask(sample_database, answer.suggestions[0], settings=settings).status == "answered"


def test_days_before_the_first_are_named_by_the_etf(sample_database: Database) -> None:
    with sample_database.engine("atlas_app").connect() as connection:
        for asked in (
            lambda: get_changes(connection, "069500", date(2001, 1, 1), date(2001, 2, 1)),
            lambda: snapshot_on(connection, "069500", date(2001, 1, 1)),
        ):
            with pytest.raises(NoSnapshot, match="069500") as raised:
                asked()
            assert "KODEX 200의 구성 종목 자료" in raised.value.ko
            assert "069500" not in raised.value.ko
            assert "last_date" not in raised.value.extra
