"""The Discord alert of a failed task, sent through Airflow's Discord provider.

The connection `atlas_discord` says where to (`./atlas airflow up` makes it of ATLAS_DISCORD_WEBHOOK_URL); without it nobody
is told and nothing fails. The provider's own message cannot say whom it may mention, so the hook's request carries it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import structlog

from atlas_tasks.redaction import redact

CONNECTION = "atlas_discord"
RED, AMBER = 0xD93025, 0xF9AB00
# A task that fails this often in a row has failed for more than half an hour.
WARN_AFTER = 4
NOT_PUBLISHED = "not-published"
TIMEOUT_S = 10
THREAD = re.compile(r"thread_id=\d+")
# Discord takes 4,096 characters of description and 1,024 of a field; nobody reads that many.
LONGEST_REASON = 1_500
LONGEST_FIELD = 200

log = structlog.get_logger(__name__)


def alert(context: Mapping[str, Any]) -> None:
    """Tell Discord which task of which run failed and why; a callback for `on_failure_callback`."""
    # Of a mapped task the first part to fail is told of.
    _tell(context, "실패", RED, lambda others: "failed" in others.values())


def warn(context: Mapping[str, Any]) -> None:
    """Tell Discord once that a task keeps failing and is tried on; a callback for `on_retry_callback`.

    Not of figures that KRX has not published yet: to wait for them is what trying again is for.
    """
    if context["ti"].try_number == WARN_AFTER and getattr(context.get("exception"), "kind", None) != NOT_PUBLISHED:
        own = context["ti"].map_index
        _tell(
            context,
            "재시도 중",
            AMBER,
            lambda others: any(state in ("failed", "up_for_retry") and part < own for part, state in others.items()),
        )


def _tell(
    context: Mapping[str, Any], what: str, color: int, is_told: Callable[[Mapping[int, str | None]], bool]
) -> None:
    """Send a message, unless the states of the task's other parts (by number) say that one has been sent."""
    from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException, AirflowRuntimeError

    from atlas_tasks.command import CommandStopped

    if isinstance(context.get("exception"), CommandStopped):
        return
    try:
        if not is_told(_other_parts(context)):
            _send(_embed(context, what, color))
    except AirflowNotFoundException:
        log.info("nobody is told: there is no connection", connection=CONNECTION)
    except (OSError, ValueError, AirflowException, AirflowRuntimeError) as error:
        # The callback of a failure must not hide it behind a failure of its own, nor print the webhook's address.
        log.error("the Discord alert could not be sent", error=redact(str(error)))


def _other_parts(context: Mapping[str, Any]) -> dict[int, str | None]:
    """Return the states of the other parts of a mapped task, by their numbers."""
    ti = context["ti"]
    if ti.map_index < 0:
        return {}
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id]).get(ti.run_id, {})
    parts = {int(name.rpartition("_")[2]): state for name, state in states.items()}
    return {part: state for part, state in parts.items() if part != ti.map_index}


def _send(embed: dict[str, Any]) -> None:
    from airflow.providers.discord.hooks.discord_webhook import DiscordWebhookHook

    hook = DiscordWebhookHook(http_conn_id=CONNECTION, username="ETF Atlas", embed=embed)
    payload = hook.handler.build_discord_payload(
        tts=False, message="", username=hook.username, avatar_url=None, embed=embed
    )
    # The provider knows no threads, which a forum's webhook needs; the address that the connection was made of does.
    thread = THREAD.search(os.environ.get("ATLAS_DISCORD_WEBHOOK_URL", ""))
    hook.run(
        endpoint=hook.webhook_endpoint + (f"?{thread.group()}" if thread else ""),
        data=json.dumps(json.loads(payload) | {"allowed_mentions": {"parse": []}}),
        headers={"Content-Type": "application/json"},
        extra_options={"timeout": TIMEOUT_S, "check_response": True},
    )


def _embed(context: Mapping[str, Any], what: str, color: int) -> dict[str, Any]:
    ti = context["ti"]
    exception = context.get("exception")
    # Airflow itself has no exception to give where a task's process vanished.
    reason = (
        redact(str(exception) or type(exception).__name__) if exception else "작업이 이유를 남기지 않고 끝났습니다."
    )
    part = f" [{ti.map_index}]" if ti.map_index >= 0 else ""
    fields = {"작업": f"{ti.task_id}{part}", "날짜": _day(context), "시도": f"{ti.try_number}회", "실행": ti.run_id}
    return {
        "title": _cut(f"{what}: {ti.dag_id}", LONGEST_FIELD),
        "description": _cut(reason, LONGEST_REASON),
        "url": ti.log_url,
        "color": color,
        "fields": [
            {"name": name, "value": _cut(value, LONGEST_FIELD), "inline": name != "실행"}
            for name, value in fields.items()
            if value
        ],
    }


def _day(context: Mapping[str, Any]) -> str:
    """Return the date or the range of dates that the run is about, as far as the command's arguments say it."""
    task = context["ti"].task
    arguments = [*getattr(task, "arguments", ()), *getattr(task, "more", ())]
    given = dict(pairwise(arguments))
    return given.get("--date") or "~".join(given[name] for name in ("--from", "--to") if name in given)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
