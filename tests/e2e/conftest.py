"""What the browser tests share: the application with an agent that follows a script."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from scripted_chat import ScriptedAgent, serving

from backend.app import create_app
from backend.chat.stream import ChatRuns
from backend.db.engine import Database
from backend.settings import Settings

_days = itertools.count(1)


@pytest.fixture(scope="session")
def agent() -> ScriptedAgent:
    """The scripted agent behind `scripted_server`."""
    return ScriptedAgent()


@pytest.fixture(scope="session")
def scripted_server(
    built_page: None, agent: ScriptedAgent, chat_database: Database, settings: Settings
) -> Iterator[str]:
    """The address of the whole application, whose agent follows the scripts of scripted_chat, with a model to be asked."""
    app = create_app(chat_database, settings.model_copy(update={"model": "stub-large"}))
    with serving(app) as address:
        app.state.chat_runs = ChatRuns(agent, recorder=app.state.turns)
        yield address


def collected_content(day: date, **changed: Any) -> dict[str, Any]:
    """What a collection of 921 ETFs may bring."""
    stocks = [("005930", "삼성전자"), ("042700", "한미반도체"), ("NVDA US", "NVIDIA Corp")]
    moved = [{"code": code, "name": name, "etfs": 3, "active": 2} for code, name in stocks]
    traded = [{"code": code, "name": name, "etfs": 12} for code, name in stocks]
    return {
        "source": "krx", "label": "KRX", "date": day.isoformat(), "compared_with": (day - timedelta(1)).isoformat(),
        "etfs": 921, "holdings": 59_012, "prices": 1_001, "trades": 812, "gaps": 1,
        "new": moved, "new_total": 31, "out": moved[:1], "out_total": 1, "bought": traded, "sold": traded[:2],
        "missing": [{"code": "069500", "name": "KODEX 200", "reason": "답이 오지 않음"}], **changed,
    }  # fmt: skip


@pytest.fixture
def collected(chat_database: Database) -> Callable[..., date]:
    """A function that commits the event of one more collected day, as a load does, and gives the day."""

    def collect(**changed: Any) -> date:
        day = date(2026, 9, 1) + timedelta(days=next(_days))
        with chat_database.connect("atlas_loader", autocommit=True) as connection:
            connection.execute(
                "SELECT add_notification('collection', NULL, %s, '', %s)",
                [day, Jsonb(collected_content(day, **changed))],
            )
        return day

    return collect
