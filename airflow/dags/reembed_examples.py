"""Embeds every verified example that waits, for example after ATLAS_EMBEDDING_MODEL was changed."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from atlas_tasks.command import AtlasCommand
from atlas_tasks.defaults import PERSISTENT

with DAG(
    "reembed_examples",
    description="Embed the verified examples that wait",
    schedule=None,
    is_paused_upon_creation=False,
    max_active_runs=1,
    default_args=PERSISTENT | {"retries": 1},
    tags=["agent"],
    doc_md=__doc__,
):
    # The command goes on through failures of the embedding service until nothing waits.
    AtlasCommand(task_id="embed", arguments=["embed", "run"], deadline=timedelta(hours=2))
