"""The description of the HTTP interface is complete, and the interface keeps to it whatever it is sent."""

from __future__ import annotations

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from backend.app import create_app
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.settings import Settings

# Streams never end by themselves, and what a model answers is no matter of the interface: chat has tests of its own.
OWN_TESTS = ("/api/chat", "/v1/", "/api/notifications/stream", "/metrics")
PATHS = [path for path in create_app(settings=Settings()).openapi()["paths"] if not path.startswith(OWN_TESTS)]


@pytest.fixture(scope="module")
def application(chat_database: Database, settings: Settings) -> FastAPI:
    return create_app(chat_database, settings)


@pytest.mark.parametrize("path", PATHS)
def test_any_request_is_answered_as_described(application: FastAPI, settings: Settings, path: str) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", application)
    excluded = [unsupported_method, negative_data_rejection]
    headers = {"Authorization": f"Bearer {admin_token(settings)}"} if path.startswith("/api/admin/") else {}
    if headers:
        # A query or an example can be refused for reasons that no schema can say.
        excluded += [positive_data_acceptance, ignored_auth]
    if path.endswith(("/prices", "/changes", "/trades")):
        # A period that ends before it starts is refused, which a schema of single parameters cannot say.
        excluded.append(positive_data_acceptance)
    if path == "/api/auth/register":
        # Domains that do not exist and passwords that everybody has are refused, which no schema can say.
        excluded.append(positive_data_acceptance)

    for method in schema[path]:

        @hypothesis_settings(
            max_examples=30,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=schema[path][method].as_strategy())
        def answered(case) -> None:
            case.call_and_validate(excluded_checks=excluded, headers=headers)

        answered()


def _operations(application: FastAPI) -> list[tuple[str, str, dict]]:
    paths = application.openapi()["paths"]
    return [
        (path, method, operation)
        for path, item in paths.items()
        if not path.startswith(OWN_TESTS)
        for method, operation in item.items()
    ]


def test_every_operation_has_a_name_a_summary_and_a_description(application: FastAPI) -> None:
    operations = _operations(application)
    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations)
    for path, _, operation in operations:
        assert operation.get("summary"), path
        assert operation.get("description"), path


def test_every_market_operation_describes_its_parameters_and_problems(application: FastAPI) -> None:
    market = [entry for entry in _operations(application) if "market" in entry[2].get("tags", [])]
    assert {path for path, _, _ in market} == {
        "/api/search",
        "/api/etfs",
        "/api/etfs/{code}",
        "/api/etfs/{code}/holdings",
        "/api/etfs/{code}/prices",
        "/api/etfs/{code}/similar",
        "/api/etfs/{code}/changes",
        "/api/stocks/{code}",
        "/api/stocks/{code}/holders",
        "/api/companies",
        "/api/companies/{name}/trades",
    }
    for path, _, operation in market:
        assert all(parameter.get("description") for parameter in operation.get("parameters", [])), path
        wanted = {"200", "422", "503"} | ({"404"} if "{" in path else set())
        assert wanted <= set(operation["responses"]), path
        for status in wanted - {"200"}:
            assert "application/problem+json" in operation["responses"][status]["content"], path


def test_every_field_says_its_unit_where_it_is_not_obvious(application: FastAPI) -> None:
    schemas = application.openapi()["components"]["schemas"]
    for name in ("Holding", "Holder", "PriceDay", "Trade", "EtfDetail", "SimilarEtf"):
        for field in schemas[name]["properties"]:
            assert not field.endswith(("weight", "fee", "premium", "price", "aum", "close", "nav")), f"{name}.{field}"
