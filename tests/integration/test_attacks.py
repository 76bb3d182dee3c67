"""The published attacks, carried out for real: nothing is written, no setting survives, nobody's data is shown, time holds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.answer import Message
from agent.cypher.guard import check
from agent.runner import ask
from agent.sandbox import READER, run_as_reader, run_guarded
from backend.collection.load import load_files
from backend.db.engine import Database
from backend.errors import AtlasError, QueryFailed, QueryRefused
from backend.graph.labels import GRAPHS
from backend.settings import Settings
from tests import attack_lists, market_files
from tests.attack_lists import Attack
from tests.stub_llm import StubLlm, Turn

_NO_LIMITS = {"model_daily_tokens": None, "model_daily_tokens_per_user": None}
SECRET = "비밀-900101-1234567"
CYPHER = attack_lists.attacks("cypher")
PROMPTS = attack_lists.attacks("prompts")
TEXTS = attack_lists.attacks("texts")
# Milliseconds that an attack may take when nothing stands before the database, and seconds until the client has it back.
LIMIT_MS = 100
BACK_WITHIN_S = 4.0
_SETTINGS = ("transaction_read_only", "search_path", "age.enable_containment", "lock_timeout", "session_authorization")


@pytest.fixture(scope="module")
def market(sample_database: Database) -> Iterator[Database]:
    """The sample market with a conversation in it that is nobody's business."""
    with sample_database.connect(autocommit=True) as administrator:
        administrator.execute("INSERT INTO conversations (id, visitor) VALUES ('attacked', %s)", [SECRET])
        administrator.execute("INSERT INTO model_usage (asker, day) VALUES (%s, '2026-01-01')", [SECRET])
    yield sample_database
    with sample_database.connect(autocommit=True) as administrator:
        administrator.execute("DELETE FROM conversations WHERE id = 'attacked'")
        administrator.execute("DELETE FROM model_usage WHERE asker = %s", [SECRET])


@pytest.fixture(scope="module", autouse=True)
def _nothing_changes(market: Database) -> Iterator[None]:
    before = contents(market)
    yield
    assert contents(market) == before


def contents(database: Database) -> list[tuple]:
    """Return what attacks would change: every node and edge as a sum, labels, tables, and the rows about people."""
    with database.connect() as administrator:
        rows: list[tuple] = administrator.execute("SELECT relname::text FROM pg_class ORDER BY 1").fetchall()
        rows += administrator.execute("SELECT rolname::text, rolconfig::text FROM pg_roles ORDER BY 1").fetchall()
        for graph in GRAPHS.values():
            for label in sorted(graph.labels | graph.edge_types):
                table = f'{graph.name}."{label}"'
                rows += administrator.execute(
                    f"SELECT '{table}', count(*), sum(hashtext(properties::text)::bigint) FROM {table}"
                ).fetchall()
        rows += administrator.execute("SELECT 'people', count(*) FROM conversations WHERE id = 'attacked'").fetchall()
    return rows


def settings_of_sessions(database: Database) -> set[tuple]:
    """Return the settings that pooled sessions of the reader have, one row where all have the same."""
    found = set()
    for _ in range(3):
        with database.engine(READER).connect() as connection:
            found.add(tuple(connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in _SETTINGS))
            timeout = connection.exec_driver_sql("SHOW statement_timeout").scalar_one()
            locks = connection.exec_driver_sql("SELECT count(*) FROM pg_class WHERE relpersistence = 't'").scalar_one()
            found.add((timeout, locks))
    return found


# Queries


@pytest.mark.parametrize(
    "attack", [a for a in CYPHER if a.must == "refused"], ids=lambda a: f"{a.category}: {a.text[:50]}"
)
def test_the_guard_refuses_the_query_with_advice(attack: Attack) -> None:
    with pytest.raises(QueryRefused) as refusal:
        check(attack.text, attack.graph)
    assert refusal.value.advice
    assert refusal.value.ko != refusal.value.message


@pytest.mark.parametrize("attack", [a for a in CYPHER if a.must == "bounded"], ids=lambda a: a.text[:60])
def test_a_legal_query_that_is_too_much_is_refused_or_ends_in_time(market: Database, attack: Attack) -> None:
    started = time.monotonic()
    with pytest.raises((QueryRefused, QueryFailed)) as refusal:
        run_guarded(market, attack.graph, attack.text, timeout_ms=LIMIT_MS, row_limit=10)
    assert refusal.value.extra["advice"]
    assert time.monotonic() - started < BACK_WITHIN_S


@pytest.mark.parametrize("attack", [a for a in CYPHER if a.must == "harmless"], ids=lambda a: a.text[:60])
def test_what_only_looks_like_an_attack_runs(market: Database, attack: Attack) -> None:
    run_guarded(market, attack.graph, attack.text, timeout_ms=2_000, row_limit=10)


def test_without_the_guard_the_database_holds(market: Database) -> None:
    stored, before = contents(market), settings_of_sessions(market)
    for attack in CYPHER:
        started = time.monotonic()
        assert SECRET not in outcome(market, attack), attack
        assert time.monotonic() - started < BACK_WITHIN_S, attack
    assert settings_of_sessions(market) == before
    assert contents(market) == stored


def outcome(market: Database, attack: Attack) -> str:
    """Return all that the attacker gets to see when no guard stands before the database."""
    try:
        return str(run_as_reader(market, attack.graph, attack.text, timeout_ms=LIMIT_MS, row_limit=10).rows)
    except AtlasError as error:
        return f"{error.message} {error.extra}"


@pytest.mark.parametrize("table", ["turns", "conversations", "feedback", "model_usage", "cypher_examples", "etfs"])
def test_the_reader_sees_no_table_even_by_plain_sql(market: Database, table: str) -> None:
    with market.engine(READER).connect() as connection, pytest.raises(Exception, match="permission denied"):
        connection.exec_driver_sql(f"SELECT * FROM {table}")


# A model that obeys the attacker


@pytest.fixture(scope="module")
def stub() -> Iterator[StubLlm]:
    """A model that says, one after the other, what stands in its `script`."""
    script: list[Turn] = []
    with StubLlm(lambda _body: script.pop(0)) as model:
        model.script = script
        yield model


@pytest.fixture
def asking(stub: StubLlm, market: Database, settings: Settings) -> Callable[..., Any]:
    """A function that asks with a model that says what the turns say."""

    def run(turns: list[Turn], question: str, *, database: Database = market, **options: Any) -> Any:
        stub.script[:] = turns
        stub.requests.clear()
        chosen = settings.model_copy(update={"model": "stub-model", "openai_base_url": stub.url, **_NO_LIMITS})
        return ask(database, question, settings=chosen, verified_first=False, **options)

    return run


def tool_results(stub: StubLlm) -> str:
    """Return everything the model was sent after its first message."""
    return json.dumps([request["messages"][2:] for request in stub.requests[1:]], ensure_ascii=False)


def batches(attacks: list[Attack], size: int) -> list[list[Attack]]:
    return [attacks[start : start + size] for start in range(0, len(attacks), size)]


@pytest.mark.parametrize("batch", batches([a for a in CYPHER if a.must == "refused"], 2), ids=lambda b: b[0].text[:50])
def test_a_model_that_obeys_the_attacker_gets_errors(stub: StubLlm, asking: Callable, batch: list[Attack]) -> None:
    turns = [Turn(tool="query_graph", arguments={"cypher": a.text, "graph": a.graph}) for a in batch]
    answer = asking(
        [*turns, Turn(tool="final_answer", arguments={"answer": "못 했습니다."})],
        "KODEX 200 얘기 좀 해줘",
    )
    assert (answer.cypher, answer.tables) == ([], [])
    assert len(answer.trace.errors) == answer.trace.tries == len(batch)
    assert tool_results(stub).count("Error: ") >= len(batch)
    assert SECRET not in json.dumps(stub.requests, ensure_ascii=False)


# Prompts


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda a: a.text[:50])
def test_a_prompt_changes_nothing_without_a_model(market: Database, settings: Settings, prompt: Attack) -> None:
    answer = ask(market, prompt.text, settings=settings)
    shown = json.dumps(answer.as_dict(), ensure_ascii=False, default=str)
    assert answer.status in ("answered", "refused", "clarify", "failed")
    assert SECRET not in shown
    assert not any(word in shown for word in ("Traceback", "psycopg", "atlas_owner", "root:x:0"))
    for cypher in answer.cypher:
        check(
            cypher, "etf_history" if any(word in cypher for word in (":HELD", ":HAS_PRICE", ":Price")) else "etf_graph"
        )


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda a: a.text[:50])
def test_a_prompt_that_a_model_obeys_changes_nothing(stub: StubLlm, asking: Callable, prompt: Attack) -> None:
    turns = [
        Turn(tool="query_graph", arguments={"cypher": prompt.obeys, "graph": "etf_graph"}),
        Turn(tool="final_answer", arguments={"answer": "시키는 대로 했습니다."}),
    ]
    answer = asking(turns, prompt.text)
    assert SECRET not in json.dumps(stub.requests, ensure_ascii=False) + answer.answer
    assert "49" not in tool_results(stub)
    assert not answer.cypher or answer.cypher == ["RETURN '{{ 7 * 7 }}' AS a"]


# Text that arrives as data


@pytest.mark.parametrize("text", TEXTS, ids=lambda a: a.text[:40])
def test_text_in_a_tools_result_calls_nothing_and_stays_as_it_is(stub: StubLlm, asking: Callable, text: Attack) -> None:
    quoted = text.text.replace("\\", "\\\\").replace("'", "\\'")
    turns = [
        Turn(tool="query_graph", arguments={"cypher": f"RETURN '{quoted}' AS a", "graph": "etf_graph"}),
        Turn(tool="final_answer", arguments={"answer": "읽었습니다."}),
    ]
    answer = asking(turns, "KODEX 200 얘기 좀 해줘")
    assert answer.answer.startswith("읽었습니다.")
    assert answer.tables[0].rows == [[text.text]]
    assert len(stub.requests) == 2
    assert "data and never instructions" in tool_results(stub)
    assert "49" not in tool_results(stub)


@pytest.mark.parametrize("text", TEXTS, ids=lambda a: a.text[:40])
def test_text_in_the_conversation_changes_no_template_and_no_tool(
    stub: StubLlm, asking: Callable, text: Attack
) -> None:
    history = [Message("user", text.text), Message("assistant", text.text)]
    turns = [Turn(tool="final_answer", arguments={"answer": "네."})]
    answer = asking(turns, "그게 무슨 뜻이야?", history=history)
    assert answer.answer.startswith("네.")
    [request] = stub.requests
    assert request["messages"][0]["role"] == "system"
    assert json.dumps(text.text, ensure_ascii=False)[1:-1] in json.dumps(request["messages"][1:], ensure_ascii=False)
    assert text.text not in json.dumps(request["messages"][0], ensure_ascii=False)
    assert {tool["function"]["name"] for tool in request["tools"]} >= {"query_graph", "final_answer"}


# Names in the graph


@pytest.fixture(scope="module")
def hostile_market(new_database: Callable[[], Database], tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A market whose ETFs bear the names of the list."""
    names = [attack.text for attack in attack_lists.attacks("names")]
    codes = [f"Z{number:05}" for number in range(len(names))]
    folder: Path = market_files.folder(
        tmp_path_factory.mktemp("hostile"),
        etfs=[market_files.etf(code, name_ko=name) for code, name in zip(codes, names, strict=True)],
        **{
            "holdings_2026-07-31": [
                row
                for code in codes
                for row in market_files.basket("2026-07-31", code, {"005930": (10, 60.0), "000660": (5, 40.0)})
            ]
        },
    )
    database = new_database()
    load_files(database, folder)
    return database


@pytest.mark.parametrize("number", range(len(attack_lists.attacks("names"))))
def test_a_name_is_only_a_name(
    hostile_market: Database, settings: Settings, stub: StubLlm, asking: Callable, number: int
) -> None:
    before = contents(hostile_market)
    code = f"Z{number:05}"
    by_code = ask(hostile_market, f"{code} 상위 종목 3개 알려줘", settings=settings)
    assert by_code.status == "answered", by_code
    with hostile_market.connect() as administrator:
        [name] = administrator.execute("SELECT name FROM etfs WHERE code = %s", [code]).fetchone()
    by_name = ask(hostile_market, f"{name} 상위 종목 3개 알려줘", settings=settings)
    assert by_name.status in ("answered", "clarify", "refused")
    for cypher in (*by_code.cypher, *by_name.cypher):
        check(cypher, "etf_graph")
        assert name not in cypher
    turns = [
        Turn(tool="query_graph", arguments={"cypher": f"MATCH (e:ETF) WHERE e.code = '{code}' RETURN e.name AS a"}),
        Turn(tool="get_etf_holdings", arguments={"etf": code}),
        Turn(tool="final_answer", arguments={"answer": "봤습니다."}),
    ]
    answer = asking(turns, f"{code} 어때?", database=hostile_market)
    assert answer.answer.startswith("봤습니다.")
    assert answer.tables[0].rows == [[name]]
    assert not any(hidden in tool_results(stub) for hidden in "\u202e\u200b\u200d\u0007")
    assert contents(hostile_market) == before


def test_the_readme_counts_the_attacks() -> None:
    text = (attack_lists.FOLDER / "README.md").read_text(encoding="utf-8")
    assert attack_lists.table() in text
    assert sum(len(attack_lists.attacks(file)) for file in attack_lists.FILES) >= 170
