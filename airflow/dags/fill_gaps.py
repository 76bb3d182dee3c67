"""Fetches once more the baskets that did not come in the last 30 days, and loads those that come now."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import DAG

from atlas_tasks.command import AtlasCommand
from atlas_tasks.defaults import PERSISTENT
from trading_days import TradingDayTimetable

with DAG(
    "fill_gaps",
    description="Fetch the baskets that are missing from the last 30 days",
    # By then managers have sent what was late, and the market has not opened.
    schedule=TradingDayTimetable("30 8 * * 1-5"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=PERSISTENT,
    tags=["collection"],
    doc_md=__doc__,
):
    AtlasCommand(task_id="fill", arguments=["collect", "fill", "--json"], deadline=timedelta(hours=1))
