"""Alerts as Discord messages: trades apart from drift, names made harmless, and every limit of Discord's kept."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.notifications.discord.alert_content import alert
from backend.notifications.discord.alert_embeds import LISTED, Links
from backend.notifications.discord.content import Unreadable
from backend.notifications.discord.messages import message
from backend.notifications.discord.outbox import Post
from backend.notifications.unsubscribing import UnsubscribeLinks, Watch
from backend.settings import Settings
from tests.discord_form import problem
from tests.personal_posts import content, told

AT = datetime(2026, 7, 8, 9, tzinfo=UTC)
PAGE = "https://etf.example.org"
TOKEN = "A" * 52
LINKS = Links(PAGE, lambda code: TOKEN)


def message_of(*contents: dict[str, Any], links: Links = LINKS) -> dict[str, Any]:
    posts = [Post(number, "alert", each, AT, 1) for number, each in enumerate(contents)]
    return message(posts, links)


def test_trades_stand_apart_from_drift_with_what_was_before_and_after() -> None:
    (embed,) = message_of(content("069500", "KODEX 200"))["embeds"]
    assert embed["title"] == "KODEX 200 · 2026년 7월 8일(수)"
    assert embed["url"] == f"{PAGE}/etf/069500"
    assert {field["name"]: field["value"] for field in embed["fields"]} == {
        "매수": "추가 매수 **삼성전자** 수량 +12.5% 비중 20.10% → 22.40%",
        "매도": "편출 **SK하이닉스** 수량 -100.0% 비중 3.20% → 0.00%",
        "비중 변화 (매매 없음)": "**NAVER** 비중 5.10% → 4.30% (-0.80%p)",
    }
    assert embed["description"].split("\n") == [
        "직전 거래일 7월 7일(화)과 비교해 · 기준 0.50%p",
        f"[이 ETF 알림 끄기]({PAGE}/unsubscribe#{TOKEN})",
    ]


def test_what_else_changed_and_what_has_to_be_known() -> None:
    (embed,) = message_of(
        content(
            "069500",
            trades=[],
            trades_total=0,
            drift=[],
            drift_total=0,
            premium={"before": 0.2, "after": -1.31, "limit": 1},
            fee={"before": 0.15, "after": 0.0098},
            name={"before": "KODEX *200*", "after": "KODEX 200"},
            gap=["2026-07-06", "2026-07-07"],
            gap_total=12,
            weights_comparable=False,
            sample=True,
            compared_with="2026-06-19",
        )
    )["embeds"]
    assert [field["name"] for field in embed["fields"]] == ["그 밖의 변화"]
    assert embed["fields"][0]["value"].split("\n") == [
        "괴리율 0.20% → **-1.31%** (기준 1.00%)",
        "보수 0.15% → **0.0098%**",
        "이름 KODEX \\*200\\* → **KODEX 200**",
    ]
    assert "그 사이 자료가 없는 거래일: 7월 6일, 7월 7일 외 7일" in embed["description"]
    assert "비중 산정 방식이 달라" in embed["description"]
    assert "표본 시장" in embed["description"]


@pytest.mark.parametrize("page", [None, "http://localhost:8000", "nonsense"])
def test_without_a_public_address_there_are_no_links(page: str | None) -> None:
    for many in (1, 5, 15):
        made = message_of(*[content("069500")] * many, links=Links(page, lambda code: TOKEN))
        assert "unsubscribe#" not in json.dumps(made)
        assert all("url" not in embed for embed in made["embeds"])
    (embed,) = message_of(content("069500"), links=Links(page, lambda code: TOKEN))["embeds"]
    assert "관심 목록에서 끌 수 있습니다" in embed["description"]


@pytest.mark.parametrize("many", [2, 10, 11, LISTED])
def test_every_alert_of_a_message_is_told_with_its_link(many: int) -> None:
    names = [f"ETF {number:02d}" for number in range(many)]
    made = message_of(*[content(f"{number:06d}", name) for number, name in enumerate(names)])
    assert told(made) == names
    assert json.dumps(made).count("unsubscribe#") == many


@pytest.mark.parametrize(
    "changes",
    [
        {"etf": None},
        {"etf": {"name": "no code"}},
        {"date": "yesterday"},
        {"trades": "x"},
        {"trades": [{"action": "stolen"}]},
        {"trades": [{"action": "new", "weight_after": "much"}]},
        {"trades": [{"action": "new", "weight_after": float("nan")}]},
        {"premium": [1, 2]},
        {"gap": "2026"},
        {"drift_total": 1.5},
    ],
)
def test_what_does_not_tell_is_unreadable(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        alert({**content("069500"), **changes})


TEXT = st.text(max_size=400)
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30)
TRADE = st.fixed_dictionaries(
    {
        "code": TEXT,
        "name": TEXT,
        "action": st.sampled_from(("new", "out", "more", "less")),
        "shares_change_pct": NUMBER,
        "weight_before": NUMBER,
        "weight_after": NUMBER,
    }
)
DRIFT = st.fixed_dictionaries(
    {"code": TEXT, "name": TEXT, "weight_before": NUMBER, "weight_after": NUMBER, "change_pp": NUMBER}
)
ALERT = st.fixed_dictionaries(
    {
        "etf": st.fixed_dictionaries({"code": st.just("069500"), "name": TEXT}),
        "date": st.dates(date(2015, 1, 1)).map(date.isoformat),
        "compared_with": st.none() | st.dates(date(2015, 1, 1)).map(date.isoformat),
        "gap": st.lists(st.dates().map(date.isoformat), max_size=12),
        "gap_total": st.none() | st.integers(0, 10**15),
        "trades": st.lists(TRADE, max_size=12),
        "trades_total": st.integers(0, 10**15),
        "drift": st.lists(DRIFT, max_size=12),
        "drift_total": st.integers(0, 10**15),
        "premium": st.none() | st.fixed_dictionaries({"before": NUMBER, "after": NUMBER, "limit": NUMBER}),
        "fee": st.none() | st.fixed_dictionaries({"before": NUMBER, "after": NUMBER}),
        "name": st.none() | st.fixed_dictionaries({"before": TEXT, "after": TEXT}),
        "threshold_pp": NUMBER,
        "sample": st.booleans(),
        "weights_comparable": st.booleans(),
    }
)
PAGES = st.sampled_from([PAGE, None, "https://a.example.org/" + "x" * 900, "https://a.example.org/" + "x" * 60])


@settings(max_examples=120, deadline=None)
@given(st.lists(ALERT, min_size=1, max_size=3), st.sampled_from([1, 2, 10, 11, LISTED]), PAGES)
def test_whatever_alerts_hold_discord_takes_the_message(
    some: list[dict[str, Any]], many: int, page: str | None
) -> None:
    made = message_of(*(some * LISTED)[:many], links=Links(page, lambda code: TOKEN))
    assert problem(json.dumps(made).encode()) is None
    assert made["allowed_mentions"] == {"parse": []}


def test_a_name_cannot_become_a_link_or_a_mention() -> None:
    name = "[click](https://evil.example) @everyone <@1> **bold** `code`"
    for many in (1, 3, 12):
        said = json.dumps(message_of(*[content("069500", name)] * many), ensure_ascii=False)
        assert "](https://evil" not in said
        assert "<@1>" not in said.replace("\\\\", "") or "\\\\<\\\\@1" in said


def test_the_token_of_a_link_has_the_length_that_room_was_left_for(tmp_path: Any) -> None:
    links = UnsubscribeLinks(Settings(home=tmp_path))
    assert len(links.token(Watch(UUID(int=1), "069500"))) == len(TOKEN)


def test_figures_are_rounded_as_the_page_rounds_them() -> None:
    drift = {"code": "005930", "name": "삼성전자", "weight_before": 34.095, "weight_after": 33.485, "change_pp": -0.605}
    (embed,) = message_of(content("069500", trades=[], trades_total=0, drift=[drift], drift_total=1))["embeds"]
    assert [field["value"] for field in embed["fields"]] == ["**삼성전자** 비중 34.10% → 33.49% (-0.61%p)"]
