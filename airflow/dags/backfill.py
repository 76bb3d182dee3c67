"""Collects the trading days of a range, one after the other; what is stored already is not fetched again."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from atlas_tasks.command import AtlasCommand
from atlas_tasks.defaults import PERSISTENT, date_param

with DAG(
    "backfill",
    description="Collect the KRX trading days of a range",
    schedule=None,
    is_paused_upon_creation=False,
    max_active_runs=1,
    default_args=PERSISTENT,
    params={
        "from": date_param("2026-01-02", "First day"),
        "to": date_param("2026-01-02", "Last day; both are included"),
    },
    tags=["collection"],
    doc_md=__doc__,
):
    days = AtlasCommand(
        task_id="days",
        arguments=["collect", "days", "--from", "{{ params['from'] }}", "--to", "{{ params['to'] }}", "--json"],
        answer="days",
        deadline=timedelta(minutes=2),
        doc_md="List the trading days of the range.",
    )
    AtlasCommand.partial(
        task_id="collect",
        arguments=["collect", "krx", "--json"],
        deadline=timedelta(hours=1),
        # KRX is asked a few times a second, whoever asks; a day's changes are read off the day before.
        max_active_tis_per_dagrun=1,
        map_index_template="{{ task.more[1] }}",
        doc_md="Collect and load one day.",
    ).expand(more=days.output.map(lambda day: ["--date", day]))
