"""The operator that runs `./atlas …`: its answer, its reasons, its deadline, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def outcome(run_inside: Callable[..., Any], tmp_path_factory: Any) -> dict[str, Any]:
    """What came of each program that stood in for the command line."""
    folder: Path = tmp_path_factory.mktemp("commands")
    return run_inside("inside_command.py", str(folder))


@pytest.mark.parametrize(
    ("program", "result"),
    [
        ("answer", {"chunks": [["069500"], ["102110"]], "etfs": 2}),
        ("lines", {"etfs": 2}),
        ("text", "nothing waits"),
        ("more", {"arguments": "more --etfs A,B"}),
    ],
)
def test_what_a_command_prints_is_the_result(outcome: dict[str, Any], program: str, result: Any) -> None:
    assert outcome[program]["result"] == result


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("unavailable", "KRX does not answer"),
        ("says", "./atlas says failed with status 1: the disk is full"),
        ("trace", "./atlas trace failed with status 1: ValueError: no such thing"),
        ("silent", "./atlas silent failed with status 3: it said nothing"),
        ("killed", "./atlas killed was ended by SIGKILL: it said nothing"),
    ],
)
def test_a_failure_carries_the_commands_own_reason(outcome: dict[str, Any], program: str, reason: str) -> None:
    assert outcome[program]["reason"] == reason
    assert outcome[program]["retries"]


def test_what_trying_again_does_not_mend_is_not_tried_again(outcome: dict[str, Any]) -> None:
    assert outcome["refused"]["error"] == "CommandRefused"
    assert not outcome["refused"]["retries"]


def test_secrets_stay_out_of_reasons(outcome: dict[str, Any]) -> None:
    assert outcome["refused"]["reason"] == "KRX refuses the key ***"
    assert outcome["redacted"] == (
        "key ***, postgresql://atlas:***@db/atlas, https://discord.com/api/webhooks/12/***?wait=true"
    )


def test_a_command_ends_at_its_deadline_with_all_that_it_started(outcome: dict[str, Any]) -> None:
    assert outcome["hangs"]["reason"] == "./atlas hangs did not end within 0:00:00.500000"
    assert outcome["hangs"]["seconds"] < 8
    assert not outcome["hangs"]["alive"]


def test_a_command_ends_with_its_task_also_when_it_does_not_want_to(outcome: dict[str, Any]) -> None:
    assert outcome["stopped"]["error"] == "CommandStopped"
    assert not outcome["stopped"]["alive"]


def test_a_server_that_a_command_leaves_running_does_not_hold_it_up(outcome: dict[str, Any]) -> None:
    assert outcome["leaves"]["result"] == {}
    assert outcome["leaves"]["seconds"] < 10


def test_a_command_gets_the_settings_and_nothing_of_airflows(outcome: dict[str, Any]) -> None:
    assert {"ATLAS_KRX_API_KEY", "ATLAS_PORT", "PATH"} <= set(outcome["names"])
    assert not [name for name in outcome["names"] if name.startswith(("AIRFLOW", "PYTHON", "VIRTUAL_ENV"))]
