"""Collects a KRX trading day: prices, NAV and net assets, then every ETF's basket, then one load that tells everybody."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import DAG, Param

from atlas_tasks.command import AtlasCommand
from atlas_tasks.defaults import PERSISTENT, date_param
from trading_days import TradingDayTimetable

CHUNKS = 12
# Hourly until the next morning, when KRX's Open API has a day's figures at the latest.
NIGHT_LONG = 16
SCHEDULE = TradingDayTimetable()


def collected_day(dag_run, params) -> str:
    """Return the date of a run: the one asked for, else the trading day whose evening was the last before it."""
    return params["date"] or SCHEDULE.collected_day(dag_run.logical_date or dag_run.run_after).isoformat()


with DAG(
    "etf_daily",
    description="Collect a KRX trading day, load it and tell everybody",
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    # A day that KRX has not published waits for hours; other days need not wait behind it. Loads queue by themselves.
    max_active_runs=4,
    default_args=PERSISTENT,
    params={
        "date": date_param(None, "Trading day to collect; by default the one whose evening was the last"),
        "chunks": Param(CHUNKS, type="integer", minimum=1, maximum=100, description="Tasks that share the baskets"),
    },
    user_defined_macros={"collected_day": collected_day},
    tags=["collection"],
    doc_md=__doc__,
):
    date = ["--date", "{{ collected_day(dag_run, params) }}"]
    plan = AtlasCommand(
        task_id="plan",
        arguments=["collect", "plan", *date, "--chunks", "{{ params.chunks }}", "--json"],
        answer="chunks",
        retries=NIGHT_LONG,
        deadline=timedelta(minutes=10),
        doc_md="Fetch the listing and the prices; a day without trading has no chunks, and the rest is skipped.",
    )
    baskets = AtlasCommand.partial(
        task_id="baskets",
        arguments=["collect", "baskets", *date, "--json"],
        deadline=timedelta(minutes=30),
        # More at once would only wait for each other: KRX is asked a few times a second.
        max_active_tis_per_dagrun=2,
        map_index_template="{{ task.more[1].split(',') | length }} ETFs from {{ task.more[1].split(',')[0] }}",
        doc_md="Fetch the baskets of some ETFs; what was fetched before is not fetched again.",
    ).expand(more=plan.output.map(lambda codes: ["--etfs", ",".join(codes)]))
    load = AtlasCommand(
        task_id="load",
        arguments=["collect", "load", *date, "--json"],
        deadline=timedelta(minutes=15),
        # ETFs whose basket did not come are gaps, to be filled later, and no reason to keep back the others.
        trigger_rule="all_done_min_one_success",
        doc_md="Load what was fetched in one transaction; the first load of a date tells browsers and Discord.",
    )
    baskets >> load
