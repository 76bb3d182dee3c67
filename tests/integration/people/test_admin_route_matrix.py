"""Every route as everybody: who may, who may not, and that nobody sees or changes what is somebody else's.

tests/route_table.py says for each route who it is for; a route that is missing there fails here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from backend.accounts.signed_in import COOKIE
from backend.app import create_app
from backend.collection.load import load_sample
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import new_person
from tests.private_marks import MarkedPerson, kept_for, plant
from tests.route_table import ADMINISTRATOR, EVERYBODY, PATHS, PERSON, ROUTES, SESSION, Use, routes_of
from tests.scripted_chat import serving

NOBODY = ("nobody", "expired session", "revoked token")
"""Callers who are nobody, whatever they send."""
STREAM = "ANY /api/notifications/stream"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    from agent.examples import store

    database = new_database()
    load_sample(database)
    with database.engine("atlas_app").begin() as connection:
        store(connection)
    return database


@pytest.fixture(scope="module")
def app(database: Database, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    page = tmp_path_factory.mktemp("page")
    (page / "assets").mkdir()
    (page / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (page / "assets" / "page.js").write_text("", encoding="utf-8")
    # Nobody listens where Discord is looked for, and nothing is sent in the background.
    alone = {"background": False, "discord_api_url": "http://127.0.0.1:9/api"}
    return create_app(database, settings.model_copy(update=alone), page=Path(page))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[httpx.Client]:
    with serving(app) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def reader(database: Database, client: httpx.Client, settings: Settings) -> MarkedPerson:
    """The person whom nobody's reading changes."""
    return plant(database, client, settings)


def callers(database: Database, settings: Settings, owner: MarkedPerson) -> dict[str, dict[str, str]]:
    """Return the headers by which each caller shows who they are."""
    other, third, administrator = new_person(database), new_person(database), new_person(database, role="admin")
    return {
        "nobody": {},
        "expired session": {"Cookie": f"{COOKIE}={owner.expired}"},
        "revoked token": {"Authorization": f"Bearer {owner.revoked}"},
        "other": {"Cookie": f"{COOKIE}={other.code}"},
        "other's token": third.headers,
        "administrator": {"Cookie": f"{COOKIE}={administrator.code}"},
        "installation's token": {"Authorization": f"Bearer {admin_token(settings)}"},
        "owner's token": owner.somebody.headers,
        "owner": {"Cookie": f"{COOKIE}={owner.somebody.code}"},
    }


def expected(use: Use, caller: str) -> frozenset[int]:
    """Return the statuses that a caller may get; the owner is whoever the ids of the request belong to."""
    if use.who == EVERYBODY:
        return use.owner if caller.startswith("owner") else use.others
    if caller in NOBODY:
        return frozenset({401})
    if use.who == ADMINISTRATOR:
        return use.others if caller in ("administrator", "installation's token") else frozenset({403})
    if caller == "installation's token":
        return frozenset({401})
    if use.who == SESSION and caller.endswith("'s token"):
        return frozenset({403})
    return use.owner if caller.startswith("owner") else use.others


def send(client: httpx.Client, route: str, use: Use, owner: MarkedPerson, headers: dict[str, str]) -> httpx.Response:
    method, path = route.split(" ")
    values = {**owner.ids, **owner.marks, "random": uuid4().hex}
    if path == "/assets":
        path = "/assets/page.js"
    for name, value in {**PATHS, **use.path}.items():
        path = path.replace(f"{{{name}}}", value.format_map(values)).replace(f"{{{name}:path}}", value)
    body = None
    if use.body is not None:
        body = json.dumps(use.body, ensure_ascii=False)
        for name, value in values.items():
            body = body.replace(f"{{{name}}}", value)
    method = {"ANY": "GET" if body is None else "POST"}.get(method, method)
    client.cookies.clear()
    return client.request(
        method,
        path,
        params=dict(use.query),
        content=body,
        headers={
            "Accept": "application/json, text/event-stream",
            **({"Content-Type": "application/json"} if body is not None else {}),
            **headers,
        },
    )


def leaked(owner: MarkedPerson, reply: httpx.Response, use: Use, caller: str) -> set[str]:
    """Return the marks of an answer that the caller neither sent nor may see."""
    asked = f"{reply.request.url} {reply.request.content.decode()}"
    may_see = use.shown if caller in ("administrator", "installation's token") else set()
    return owner.seen_in(f"{reply.headers} {reply.text}") - owner.seen_in(asked) - may_see


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    routes = routes_of(app)
    assert sorted(routes - set(ROUTES)) == [], "say in tests/route_table.py who these are for"
    assert sorted(set(ROUTES) - routes) == [], "these are gone"
    assert {use.who for use in ROUTES.values()} <= {EVERYBODY, PERSON, SESSION, ADMINISTRATOR}


@pytest.mark.parametrize("route", [route for route in ROUTES if route != STREAM])
def test_a_route_lets_in_whom_it_is_for_and_shows_and_changes_nobody_elses(
    client: httpx.Client, database: Database, settings: Settings, reader: MarkedPerson, route: str
) -> None:
    use = ROUTES[route]
    owner = reader if route.startswith(("GET", "ANY")) else plant(database, client, settings)
    everybody = callers(database, settings, owner)
    kept = kept_for(database, owner)

    def told(caller: str) -> httpx.Response:
        reply = send(client, route, use, owner, everybody[caller])
        assert reply.status_code in expected(use, caller), f"{caller}: {reply.status_code} {reply.text[:500]}"
        if reply.status_code >= 400 and not route.startswith(("POST /v1", "ANY /mcp")):
            assert reply.headers["content-type"] == "application/problem+json", caller
        return reply

    entitled = ["owner"] if use.who != ADMINISTRATOR else ["administrator", "installation's token"]
    for caller in everybody:
        if caller in entitled or (caller == "owner's token" and use.who not in (SESSION, ADMINISTRATOR)):
            continue
        reply = told(caller)
        assert leaked(owner, reply, use, caller) == set(), caller
    assert kept_for(database, owner) == kept, "somebody changed what is not theirs"

    if use.who == PERSON and route.startswith("GET"):
        entitled.insert(0, "owner's token")
    for caller in entitled:
        reply = told(caller)
        if caller.startswith("owner"):
            assert use.shows <= owner.seen_in(reply.text), "the marks were not where they should have been"
        else:
            assert leaked(owner, reply, use, caller) == set(), caller
