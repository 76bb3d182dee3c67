"""Refreshes what changes rarely: names, fees, managers, indexes, renames and new listings."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import DAG

from atlas_tasks.command import AtlasCommand
from atlas_tasks.defaults import PERSISTENT
from trading_days import TradingDayTimetable

with DAG(
    "refresh_reference",
    description="Refresh names, fees, managers and renames of all ETFs",
    # Before the market opens.
    schedule=TradingDayTimetable("30 7 * * 1-5"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=PERSISTENT,
    tags=["collection"],
    doc_md=__doc__,
):
    AtlasCommand(task_id="reference", arguments=["collect", "reference", "--json"], deadline=timedelta(minutes=10))
