"""Alerts in people's own Discord: once each, in order, fairly, in silence at night, and never past a switch."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from backend.db.engine import Database
from backend.notifications.discord import personal
from backend.settings import Settings
from tests.discord_outbox import execute, sending
from tests.personal_posts import add_alerts, add_people, await_, code, rows, states, told
from tests.stub_discord import Answer, StubDiscord


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


@pytest.fixture
def told_settings(settings: Settings, discord: StubDiscord) -> Settings:
    return settings.model_copy(update={"discord_api_url": discord.api_url, "public_url": "https://etf.example.org"})


def test_an_alert_is_posted_within_a_second_with_its_links(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    ((anna, webhook),) = add_people(empty_database, told_settings, 1)
    with sending(empty_database, told_settings):
        time.sleep(0.5)
        add_alerts(empty_database, [anna], ["069500"])
        committed = time.monotonic()
        (post,) = discord.await_posts(1)
        assert post.at - committed < 1
        await_(
            lambda: [row.state for row in rows(empty_database, anna)] == ["sent"], lambda: rows(empty_database, anna)
        )
    assert post.webhook == webhook
    (embed,) = post.message["embeds"]
    assert embed["url"] == "https://etf.example.org/etf/069500"
    assert "https://etf.example.org/unsubscribe#" in embed["description"]
    assert [field["name"] for field in embed["fields"]] == ["매수", "매도", "비중 변화 (매매 없음)"]
    assert post.message["allowed_mentions"] == {"parse": []}


def test_few_alerts_come_one_by_one_and_many_together(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    (anna, annas), (bert, berts), (carl, carls) = add_people(empty_database, told_settings, 3)
    add_alerts(empty_database, [anna], [code(number) for number in range(3)])
    add_alerts(empty_database, [bert], [code(number) for number in range(8)])
    add_alerts(empty_database, [carl], [code(number) for number in range(60)])
    with sending(empty_database, told_settings):
        await_(lambda: states(empty_database) == {"sent": 71}, lambda: states(empty_database))
    of = {
        each: [told(post.message) for post in discord.posts if post.webhook == each] for each in (annas, berts, carls)
    }
    names = [f"ETF {code(number)}" for number in range(60)]
    assert of[annas] == [[name] for name in names[:3]]
    assert of[berts] == [names[:8]]
    assert of[carls] == [names[:25], names[25:50], names[50:]]


def test_a_silent_webhook_holds_up_nobody_else(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    people = add_people(empty_database, told_settings, 61)
    hanging = {webhook for _, webhook in people[:30]}
    discord.answer_of = lambda webhook: Answer(silent=True) if webhook in hanging else None
    add_alerts(empty_database, [person for person, _ in people], ["069500"])
    with sending(empty_database, told_settings):
        begun = time.monotonic()
        await_(lambda: sum(post.webhook not in hanging for post in discord.posts) == 31, lambda: states(empty_database))
        assert time.monotonic() - begun < 8


def is_paused(database: Database, person: UUID) -> bool:
    """Say whether a person's webhook is left alone at this moment."""
    with database.engine("atlas_app").connect() as connection:
        return bool(
            connection.scalar(
                text("SELECT paused_until > clock_timestamp() FROM discord_destinations WHERE destination = :name"),
                {"name": f"person:{person}"},
            )
        )


def test_one_limit_is_waited_for_and_a_global_one_stops_all(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    (anna, annas), (bert, _) = add_people(empty_database, told_settings, 2)
    discord.answer_of = lambda webhook, one=[Answer(status=429, retry_after=2.0)]: (
        one.pop() if webhook == annas and one else None
    )
    add_alerts(empty_database, [anna, bert], ["069500"])
    with sending(empty_database, told_settings):
        discord.await_posts(1)
        assert discord.posts[0].webhook != annas
        add_alerts(empty_database, [anna], ["114800"])
        await_(lambda: states(empty_database) == {"sent": 3}, lambda: states(empty_database))
        limited = next(at for at, what in discord.requests if what == 429)
        annas_posts = [post for post in discord.posts if post.webhook == annas]
        assert annas_posts[0].at - limited >= 2.0
        # What came later does not overtake what has to wait.
        assert [told(post.message) for post in annas_posts] == [["ETF 069500"], ["ETF 114800"]]
        discord.answer_of = None
        discord.answers(Answer(status=429, retry_after=2.0, global_=True))
        add_alerts(empty_database, [anna], ["091160"])
        discord.await_requests(5)
        limited = discord.requests[-1][0]
        await_(lambda: is_paused(empty_database, bert), lambda: states(empty_database))
        add_alerts(empty_database, [bert], ["091160"])
        await_(lambda: states(empty_database) == {"sent": 5}, lambda: states(empty_database))
    assert all(post.at - limited >= 1.9 for post in discord.posts[3:])


@pytest.mark.parametrize("status", [401, 404])
def test_a_webhook_that_is_gone_is_switched_off_and_its_person_told(
    empty_database: Database, told_settings: Settings, discord: StubDiscord, status: int
) -> None:
    (anna, annas), (bert, _) = add_people(empty_database, told_settings, 2)
    discord.answer_of = lambda webhook: Answer(status=status) if webhook == annas else None
    add_alerts(empty_database, [anna, bert], ["069500"])
    with sending(empty_database, told_settings):
        await_(lambda: states(empty_database) == {"sent": 1, "refused": 1}, lambda: states(empty_database))
        add_alerts(empty_database, [anna, bert], ["114800"])
        await_(lambda: states(empty_database)["sent"] == 2, lambda: states(empty_database))
        time.sleep(1.2)
    assert states(empty_database) == {"sent": 2, "refused": 1, "waiting": 1}
    assert sum(what == status for _, what in discord.requests) == 1
    with empty_database.engine("atlas_app").connect() as connection:
        standing = personal.standing_of(connection, anna)
        assert (standing["waiting"], standing["switched_off_at"] is not None) == (1, True)
        assert f"HTTP {status}" in standing["reason"]
        assert personal.standing_of(connection, bert)["switched_off_at"] is None
    events = execute(empty_database, "SELECT person, kind, content FROM notifications").all()
    assert [(event.person, event.kind) for event in events] == [(anna, "discord_off")]
    assert f"HTTP {status}" in events[0].content["reason"]


def test_another_secret_switches_off_and_keeps_what_waits(
    empty_database: Database, told_settings: Settings, discord: StubDiscord, tmp_path: object
) -> None:
    ((anna, _),) = add_people(empty_database, told_settings, 1)
    (tmp_path / "atlas_secret").write_text("another")
    add_alerts(empty_database, [anna], ["069500"])
    changed = told_settings.model_copy(update={"secrets_dir": tmp_path})
    with sending(empty_database, changed):
        await_(
            lambda: execute(empty_database, "SELECT switched_off_by FROM discord_destinations").scalar() == "secret",
            lambda: states(empty_database),
        )
    assert states(empty_database) == {"waiting": 1}
    assert discord.requests == []
    with empty_database.engine("atlas_app").begin() as connection:
        assert "다시 등록" in personal.standing_of(connection, anna)["reason"]


def quiet(database: Database, person: object, begins: timedelta, ends: timedelta) -> None:
    seoul = datetime.now(ZoneInfo("Asia/Seoul"))
    execute(
        database,
        """
        INSERT INTO delivery_preferences VALUES (:person, :begins, :ends)
        ON CONFLICT (person) DO UPDATE SET quiet_from = :begins, quiet_until = :ends
        """,
        person=person,
        begins=(seoul + begins).time(),
        ends=(seoul + ends).time(),
    )


def test_quiet_hours_hold_as_they_are_now(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    (anna, annas), (bert, berts) = add_people(empty_database, told_settings, 2)
    hour = timedelta(hours=1)
    # Quiet for Anna over the present; Bert's are over, whatever was meant when the post was written.
    quiet(empty_database, anna, -hour, hour)
    quiet(empty_database, bert, 2 * hour, -2 * hour)
    add_alerts(empty_database, [anna, bert], ["069500"])
    execute(empty_database, "UPDATE discord_posts SET next_attempt_at = now() + interval '5 hours'")
    quiet(empty_database, bert, hour, 3 * hour)
    with sending(empty_database, told_settings):
        discord.await_posts(1)
        time.sleep(1.2)
        assert [post.webhook for post in discord.posts] == [berts]
        quiet(empty_database, anna, hour, 2 * hour)
        discord.await_posts(2)
        assert discord.posts[1].webhook == annas


def test_who_is_disabled_is_sent_nothing_and_who_is_gone_leaves_nothing(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    (anna, _), (bert, _) = add_people(empty_database, told_settings, 2)
    add_alerts(empty_database, [anna, bert], ["069500"])
    execute(empty_database, "UPDATE users SET disabled_at = now() WHERE id = :id", id=anna)
    execute(empty_database, "DELETE FROM users WHERE id = :id", id=bert)
    with sending(empty_database, told_settings):
        time.sleep(1.5)
        assert discord.requests == []
        assert states(empty_database) == {"waiting": 1}
        execute(empty_database, "UPDATE users SET disabled_at = NULL")
        discord.await_posts(1)


def test_old_posts_of_people_are_let_go(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    (anna, _), (bert, _) = add_people(empty_database, told_settings, 2)
    add_alerts(empty_database, [anna, bert], ["069500"])
    execute(
        empty_database,
        "UPDATE discord_posts SET state = 'sent', created_at = now() - interval '8 days' WHERE destination = :of",
        of=personal.destination(anna),
    )
    with sending(empty_database, told_settings):
        await_(lambda: states(empty_database) == {"sent": 1}, lambda: states(empty_database))
    assert rows(empty_database, anna) == []


@pytest.mark.slow
def test_a_thousand_people_are_told_everything_once_whatever_discord_answers(
    empty_database: Database, told_settings: Settings, discord: StubDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.notifications.discord.outbox.UNCLEAR_WAIT_S", 0.5)
    monkeypatch.setattr("backend.notifications.discord.outbox.LONGEST_WAIT_S", 2.0)
    people = add_people(empty_database, told_settings, 1_000)
    chance = random.Random(7)
    gone = {webhook for _, webhook in people[:50]}
    troubled = {webhook for _, webhook in people[50:400]}
    trouble = cycle(
        [Answer(status=429, retry_after=0.5), Answer(status=500), Answer(status=502), None, Answer(cut="after"), None]
    )

    def answer(webhook: str) -> Answer | None:
        if webhook in gone:
            return Answer(status=404)
        return next(trouble) if webhook in troubled and chance.random() < 0.5 else None

    discord.answer_of = answer
    etfs = [code(number) for number in range(20)]
    execute(empty_database, "UPDATE discord_destinations SET paused_until = NULL")
    add_alerts(empty_database, [person for person, _ in people], etfs)
    begun = time.monotonic()
    with sending(empty_database, told_settings):
        await_(
            lambda: (
                not {"sending"} & set(states(empty_database))
                and states(empty_database)["waiting"] <= 50 * 20
                and states(empty_database)["sent"] + states(empty_database)["in_doubt"] >= 950 * 20
            ),
            lambda: states(empty_database),
            timeout_s=120,
        )
    took = time.monotonic() - begun
    found = states(empty_database)
    print(f"{found} in {took:.1f} s, {len(discord.requests) / took:.0f} messages a second")
    assert found["sent"] + found["in_doubt"] == 950 * 20
    assert found["refused"] + found["waiting"] == 50 * 20
    taken: dict[str, list[str]] = {}
    for post in discord.posts:
        taken.setdefault(post.webhook, []).extend(told(post.message))
    names = [f"ETF {each}" for each in etfs]
    for person, webhook in people[50:]:
        assert taken[webhook] == names, person
    assert not gone & set(taken)


def test_what_an_administrator_switched_off_is_sent_nothing(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    ((anna, _),) = add_people(empty_database, told_settings, 1)
    add_alerts(empty_database, [anna], ["069500"])
    with empty_database.engine("atlas_app").begin() as connection:
        personal.switch_off(connection, anna)
    with sending(empty_database, told_settings):
        time.sleep(1.2)
        assert discord.requests == []
        with empty_database.engine("atlas_app").begin() as connection:
            personal.switch_on(connection, anna)
        discord.await_posts(1)


def test_the_operator_is_served_beside_people(
    empty_database: Database, told_settings: Settings, discord: StubDiscord
) -> None:
    from tests.discord_outbox import add

    people = add_people(empty_database, told_settings, 20)
    add_alerts(empty_database, [person for person, _ in people], ["069500"])
    add(empty_database)
    with_operator = told_settings.model_copy(update={"discord_webhook_url": SecretStr(discord.address)})
    with sending(empty_database, with_operator):
        await_(lambda: states(empty_database) == {"sent": 21}, lambda: states(empty_database))
    assert len({post.webhook for post in discord.posts}) == 21
