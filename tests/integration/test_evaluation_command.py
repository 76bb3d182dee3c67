"""./atlas eval: its report, its exit status, and the ablations against a model that needs examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from agent.evaluation.ablations import MODEL_VARIANTS, OFFLINE_VARIANTS, run_variants
from agent.evaluation.questions import Asked
from agent.evaluation.running import run
from backend.cli import app
from backend.db.engine import Database
from backend.errors import Unavailable
from backend.settings import Settings
from tests.questions.expected_rows import sample_oracle
from tests.stub_llm import StubLlm, Turn

FEE = {"id": "fee", "kind": "fee", "question": "KODEX 200 보수는?", "rows": [[0.15]]}
WRONG = {"id": "wrong", "kind": "fee", "question": "TIGER 200 보수는?", "rows": [[9.99]]}
TRAP = {"id": "trap", "kind": "forecast", "question": "KODEX 200 내년에 오를까?", "status": "not_answered"}


@pytest.fixture
def evaluate(sample_database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that runs `atlas eval` on some questions and gives what it printed."""
    monkeypatch.setenv("ATLAS_HOME", str(settings.home))
    monkeypatch.setenv("ATLAS_DATABASE_URL", sample_database.url())
    monkeypatch.setenv("ATLAS_MODEL", "offline")
    from backend.settings import get_settings

    get_settings.cache_clear()
    path = tmp_path / "set.jsonl"

    def run_command(*questions: dict[str, Any], options: tuple[str, ...] = ()) -> Result:
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in questions), encoding="utf-8")
        return CliRunner().invoke(app, ["eval", str(path), *options])

    yield run_command
    get_settings.cache_clear()


def test_a_finished_run_ends_well_and_counts_what_it_found(evaluate) -> None:
    result = evaluate(FEE, WRONG, TRAP, options=("--json",))
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["questions"], report["right"], report["wrong"]) == (3, 2, 1)
    assert report["by_kind"]["fee"]["accuracy"] == 0.5
    assert report["by_lang"]["ko"]["questions"] == 3
    assert report["answered_unasked"] == 0
    assert {"link", "examples"} <= set(report["stages_ms"])
    assert report["latency_ms"]["max"] >= report["latency_ms"]["p50"] > 0
    [failure] = report["failures"]
    assert (failure["id"], failure["verdict"]) == ("wrong", "wrong")
    assert failure["expected"]["rows"] == [[9.99]]
    assert failure["got"]["status"] == "answered"


def test_the_terminal_shows_tables_and_failures(evaluate) -> None:
    result = evaluate(FEE, WRONG)
    assert result.exit_code == 0
    assert "50.0% right" in result.stdout
    assert "TIGER 200 보수는?" in result.stdout
    assert "9.99" in result.stdout


def test_a_limit_asks_the_first_questions(evaluate) -> None:
    report = json.loads(evaluate(FEE, WRONG, options=("--json", "--limit", "1")).stdout)
    assert (report["questions"], report["right"]) == (1, 1)


def test_a_bad_file_is_refused_before_anything_is_asked(evaluate) -> None:
    result = evaluate(FEE, {"question": "?"})
    assert result.exit_code == 2
    assert "set.jsonl:2: nothing is expected" in result.stderr


def test_without_a_model_the_ablation_says_what_is_left_out(evaluate) -> None:
    report = json.loads(evaluate(FEE, options=("--json", "--ablation")).stdout)
    assert [one["variant"] for one in report["ablation"]] == [variant.name for variant in OFFLINE_VARIANTS]
    assert [one["variant"] for one in report["skipped"]] == [variant.name for variant in MODEL_VARIANTS]
    assert all("ATLAS_MODEL" in one["reason"] for one in report["skipped"])


def test_history_is_asked_before_the_question(sample_database: Database, settings: Settings) -> None:
    [outcome] = run([Asked("1", "KODEX 200 보수는?", rows=((0.15,),), history=("KODEX 200 상위 종목은?",))], sample_database, settings)  # fmt: skip
    assert outcome.verdict == "right"


HOLDERS = "MATCH (e:ETF)-[h:HOLDS]->(s:Stock) WHERE s.code = '042660' RETURN e.code AS code"
COUNT = "MATCH (e:ETF) RETURN count(e) AS n"
NEO4J = "MATCH (e:ETF)-[h:HOLDS|TRADED]->(s) WHERE e.code = '091170' RETURN date() AS today"
FEE_QUERY = "MATCH (e:ETF) WHERE e.code = '091170' RETURN e.fee AS fee"


USAGE = (1_000, 20)


def _model(body: dict[str, Any]) -> Turn:
    """A model that needs an example of the same intent for one question, and the database's error for another."""
    messages = [str(message["content"]) for message in body["messages"]]
    if "042660" in messages[-1] or '"columns"' in messages[-1]:
        return Turn(tool="final_answer", arguments={"answer": "표를 보세요.", "status": "answered"}, usage=USAGE)
    if "Error" in messages[-1]:
        return Turn(tool="query_graph", arguments={"cypher": FEE_QUERY}, usage=USAGE)
    if "은행" in messages[-1]:
        return Turn(tool="query_graph", arguments={"cypher": NEO4J}, usage=USAGE)
    examples = messages[0].partition("Verified examples")[2]
    return Turn(tool="query_graph", arguments={"cypher": HOLDERS if "담은" in examples else COUNT}, usage=USAGE)


@pytest.fixture
def stub() -> Iterator[StubLlm]:
    with StubLlm(_model) as server:
        yield server


def test_ablations_show_what_examples_and_another_try_are_worth(
    sample_database: Database, settings: Settings, stub: StubLlm, tmp_path: Path
) -> None:
    chosen = settings.model_copy(
        update={"model": "stub-model", "openai_base_url": stub.url, "openai_api_key": SecretStr("sk-test")}
    )
    holders = sample_oracle(tmp_path).rows("SELECT etf FROM holders('042660')")
    questions = [
        Asked("holders", "한화오션을 담은 ETF는?", rows=tuple(holders), check="rows"),
        Asked("fee", "KODEX 은행 보수는?", rows=((0.3,),)),
    ]
    runs, skipped = run_variants(questions, sample_database, chosen, lambda _: None)
    assert skipped == []
    right = {name: figures.overall.right for name, figures in runs.items()}
    assert right["model, no examples"] == 0
    assert right["model, the same 3 examples always"] == 0
    assert right["model, retrieved examples, unmasked"] == 1
    assert right["model, retrieved examples, masked"] == 1
    assert right["model, retrieved examples, masked + error retry"] == 2
    assert runs["model, no examples"].prompt_tokens > 0
    assert runs["verified examples + readings"].prompt_tokens == 0


def test_without_a_market_nothing_is_measured(empty_database: Database, settings: Settings) -> None:
    with pytest.raises(Unavailable, match="no market is loaded"):
        run([Asked("1", "KODEX 200 보수는?", rows=((0.15,),))], empty_database, settings)
