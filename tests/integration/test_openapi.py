"""The description of the HTTP interface is complete, and the interface keeps to it whatever it is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from backend.accounts.signed_in import COOKIE
from backend.app import create_app
from backend.collection.load import load_sample
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import new_person

# Streams never end by themselves, and what a model answers is no matter of the interface: chat has tests of its own.
OWN_TESTS = ("/api/chat", "/v1/", "/api/notifications/stream", "/metrics")
PATHS = [path for path in create_app(settings=Settings()).openapi()["paths"] if not path.startswith(OWN_TESTS)]
CALLERS = ("nobody", "person", "administrator")
# What no schema can say: a period that ends before it starts, a domain that does not exist, a password that everybody has, an
# address that is not Discord's, hours that are the same, a query that does not run.
REFUSES_MORE = (
    "/prices",
    "/changes",
    "/trades",
    "/auth/register",
    "/me/discord",
    "/me/password",
    "/api/me",
)
MANY, FEW = 20, 3
"""How many requests are made of an operation as those whom it is for, and as others."""
# Each takes the time that hashing a password takes.
SLOW = ("/api/auth/login", "/api/me/password")


@pytest.fixture(scope="module")
def application(new_database: Callable[[], Database], settings: Settings) -> FastAPI:
    from agent.examples import store

    database = new_database()
    load_sample(database)
    with database.engine("atlas_app").begin() as connection:
        store(connection)
    # Discord is not there, and few passwords are hashed.
    limited = {"background": False, "discord_api_url": "http://127.0.0.1:9/api", "registrations_per_hour": 5}
    return create_app(database, settings.model_copy(update=limited))


@pytest.fixture(scope="module")
def schema(application: FastAPI) -> BaseSchema:
    config = SchemathesisConfig()
    # Callers bring their own cookies.
    config.projects.default.generation.update(with_security_parameters=False)
    return schemathesis.openapi.from_asgi("/openapi.json", application, config=config)


def _meant_for(path: str, operation: dict) -> str:
    if path.startswith("/api/admin/"):
        return "administrator"
    return "person" if operation.get("security") else "nobody"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("caller", CALLERS)
def test_any_request_is_answered_as_described(application: FastAPI, schema: BaseSchema, caller: str, path: str) -> None:
    # Who may what is tried in test_admin_route_matrix.
    excluded = [unsupported_method, negative_data_rejection, ignored_auth]
    if path.endswith(REFUSES_MORE) or path.startswith("/api/admin/"):
        excluded.append(positive_data_acceptance)

    for method in schema[path]:
        meant = _meant_for(path, application.openapi()["paths"][path][method.lower()]) == caller
        _try(
            schema[path][method],
            MANY if meant and path not in SLOW else FEW,
            excluded,
            _cookie(application.state.database, caller),
        )


def _try(operation: APIOperation, many: int, excluded: list[Callable], headers: dict[str, str]) -> None:
    @hypothesis_settings(
        max_examples=many,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answered(case) -> None:
        case.call_and_validate(excluded_checks=excluded, headers=headers)

    answered()


def _cookie(database: Database, caller: str) -> dict[str, str]:
    """Return the headers of somebody new: what is done to an account while it is tried is done to this one."""
    if caller == "nobody":
        return {}
    person = new_person(database, role="admin" if caller == "administrator" else "user")
    return {"Cookie": f"{COOKIE}={person.code}"}


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
