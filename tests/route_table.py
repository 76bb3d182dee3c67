"""Who may use each route of the application, and with what it is tried.

Whoever adds a route says here who it is for; test_admin_route_matrix.py tries every route as everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.people import PASSWORD

EVERYBODY = "everybody"
"""Answers everybody alike, or each visitor with their own."""
PERSON = "person"
"""Whoever is signed in, by cookie or bearer token: 401 for others."""
SESSION = "session"
"""Whoever is signed in in a browser: 401 for others, 403 for a bearer token."""
ADMINISTRATOR = "administrator"
"""People with the role admin, and the installation's token: 401 for nobody, 403 for others."""

OK = frozenset({200, 201, 202, 204})


@dataclass(frozen=True)
class Use:
    """Who a route is for, and a request to it.

    `path` and `body` are filled with the ids of the marked person, whom everybody asks for. `others` is what other people
    are answered who may use the route: 404 where the id in the path is not theirs. `shows` are the marks that the owner
    has to see (so that the test would see them elsewhere), `shown` those that administrators may.
    """

    who: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    owner: frozenset[int] = OK
    others: frozenset[int] = OK
    shows: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()


def _for(who: str, **more: Any) -> Use:
    sets = {name: frozenset(more.pop(name)) for name in ("shows", "shown") if name in more}
    codes = {
        name: frozenset(value if isinstance(value, tuple) else (value,))
        for name in ("owner", "others")
        if (value := more.pop(name, None)) is not None
    }
    return Use(who, **more, **sets, **codes)


_QUESTION = {
    "threadId": "{random}", "runId": "{random}", "messages": [{"id": "1", "role": "user", "content": "KODEX 200 보수는?"}],
    "state": {}, "tools": [], "context": [], "forwardedProps": {},
}  # fmt: skip
_RPC = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
PATHS = {
    "code": "069500", "name": "삼성자산운용", "example_id": "top-holdings", "path": "etf/069500", "etf": "{etf}",
    "thread_id": "{thread}", "run_id": "{run}", "account": "{account}",
    "session": "{session}", "token": "{token_id}",
}  # fmt: skip
"""What stands for the parameters of paths, where a route has nothing else."""

ROUTES: dict[str, Use] = {
    # The page and what tells of the process.
    "GET /openapi.json": _for(EVERYBODY),
    "GET /{path:path}": _for(EVERYBODY),
    "ANY /assets": _for(EVERYBODY),
    "GET /api/health": _for(EVERYBODY),
    "GET /api/ready": _for(EVERYBODY),
    "GET /metrics": _for(EVERYBODY),
    # The market.
    "GET /api/search": _for(EVERYBODY, query={"q": "삼전"}),
    "GET /api/etfs": _for(EVERYBODY),
    "GET /api/etfs/{code}": _for(EVERYBODY),
    "GET /api/etfs/{code}/holdings": _for(EVERYBODY),
    "GET /api/etfs/{code}/prices": _for(EVERYBODY),
    "GET /api/etfs/{code}/similar": _for(EVERYBODY),
    "GET /api/etfs/{code}/changes": _for(EVERYBODY),
    "GET /api/stocks/{code}": _for(EVERYBODY, path={"code": "005930"}),
    "GET /api/stocks/{code}/holders": _for(EVERYBODY, path={"code": "005930"}),
    "GET /api/companies": _for(EVERYBODY),
    "GET /api/companies/{name}/trades": _for(EVERYBODY),
    # Programs.
    "GET /v1/models": _for(EVERYBODY),
    "GET /v1/models/{name}": _for(EVERYBODY, path={"name": "etf-atlas"}),
    "POST /v1/chat/completions": _for(EVERYBODY, body={"model": "etf-atlas", "messages": [{"role": "user", "content": "KODEX 200 보수는?"}]}),
    "ANY /mcp": _for(EVERYBODY, body=_RPC),
    # Accounts.
    "POST /api/auth/register": _for(EVERYBODY, body={"email": "{email}@example.com", "password": PASSWORD}),
    "POST /api/auth/login": _for(EVERYBODY, body={"email": "{email}@example.com", "password": "not the password"}, owner=401, others=401),
    "POST /api/auth/logout": _for(EVERYBODY),
    "GET /api/auth/session": _for(EVERYBODY, shows=("name", "email")),
    "GET /api/me": _for(PERSON, shows=("name", "email")),
    "PATCH /api/me": _for(PERSON, body={"name": "다른 이름"}, shows=("email",)),
    "DELETE /api/me": _for(SESSION, body={"password": PASSWORD}),
    "POST /api/me/password": _for(SESSION, body={"current": PASSWORD, "new": "staple battery horse"}),
    "GET /api/me/export": _for(
        PERSON, shows=("name", "email", "device", "token", "etf", "alert", "post", "thread", "run", "question", "reason"),
    ),
    "GET /api/me/sessions": _for(PERSON, shows=("device",)),
    "DELETE /api/me/sessions": _for(SESSION),
    "DELETE /api/me/sessions/{session}": _for(SESSION, others=404),
    "GET /api/me/tokens": _for(PERSON, shows=("token",)),
    "POST /api/me/tokens": _for(SESSION, body={"name": "program"}),
    "DELETE /api/me/tokens/{token}": _for(PERSON, others=(403, 404)),
    "GET /api/me/discord": _for(PERSON),
    "PUT /api/me/discord": _for(PERSON, body={"address": "https://discord.com/api/webhooks/123456789012345678/" + "x" * 60}),
    "DELETE /api/me/discord": _for(PERSON),
    # Discord is not there; whoever has no webhook has nothing to try.
    "POST /api/me/discord/test": _for(PERSON, others=404),
    # Whoever has the link of a message may silence that one ETF; nobody can make up a link.
    "POST /api/unsubscribe": _for(EVERYBODY, body={"token": "made-up"}, owner=404, others=404),
    "POST /api/unsubscribe/undo": _for(EVERYBODY, body={"token": "made-up"}, owner=404, others=404),
    # What a person watches.
    "GET /api/watchlist": _for(PERSON, shows=("etf",)),
    "PATCH /api/watchlist": _for(PERSON, body={"codes": ["{etf}"], "muted": True}, shows=("etf",)),
    "GET /api/watchlist/codes": _for(PERSON, shows=("etf",)),
    "POST /api/watchlist/find": _for(PERSON, body={"text": "KODEX 200"}),
    "POST /api/watchlist/many": _for(PERSON, body={"codes": ["102110"]}),
    "POST /api/watchlist/seen": _for(PERSON),
    "GET /api/watchlist/{etf}": _for(PERSON, others=404, shows=("etf",)),
    "PUT /api/watchlist/{etf}": _for(PERSON, body={"muted": True}, others=404, shows=("etf",)),
    "DELETE /api/watchlist/{etf}": _for(PERSON),
    # What was asked, and what happened.
    "POST /api/chat": _for(EVERYBODY, body=_QUESTION),
    "GET /api/chat/{run_id}/events": _for(EVERYBODY, others=404, shows=("run", "thread")),
    "POST /api/chat/{run_id}/cancel": _for(EVERYBODY, others=404),
    "POST /api/chat/{run_id}/feedback": _for(EVERYBODY, body={"verdict": "up"}, others=404),
    "PUT /api/chat/{run_id}/proposal": _for(EVERYBODY, body={"decision": "dropped"}, others=404),
    # Only what was begun in this very browser before signing in can be taken along.
    "POST /api/conversations/{thread_id}/claim": _for(PERSON, owner=404, others=404),
    "GET /api/conversations": _for(EVERYBODY, shows=("thread", "question")),
    "GET /api/conversations/{thread_id}": _for(EVERYBODY, others=404, shows=("thread", "run", "question", "reason")),
    "DELETE /api/conversations/{thread_id}": _for(EVERYBODY, others=404),
    "GET /api/notifications": _for(EVERYBODY, shows=("alert",)),
    "POST /api/notifications/read": _for(EVERYBODY, body={"until": 1}),
    # Read for as long as it tells something: test_admin_own_rows does.
    "ANY /api/notifications/stream": _for(EVERYBODY),
    # Administration. Questions are looked through to answer them better, without who asked them.
    "GET /api/admin/turns": _for(ADMINISTRATOR, shown=("question", "run", "reason")),
    "GET /api/admin/examples": _for(ADMINISTRATOR),
    "POST /api/admin/examples": _for(ADMINISTRATOR, body={"question": "KODEX 200 별명은?"}),
    "POST /api/admin/examples/generalise": _for(ADMINISTRATOR, body={"question": "KODEX 200 보수는?", "cypher": "MATCH (e:ETF) RETURN e.name AS n"}),
    "GET /api/admin/examples/{example_id}": _for(ADMINISTRATOR),
    "PUT /api/admin/examples/{example_id}": _for(ADMINISTRATOR, body={"question": "무엇", "cypher": ""}, others=409),
    "POST /api/admin/examples/{example_id}/run": _for(ADMINISTRATOR, body={"question": "KODEX 200의 상위 5개 종목은?"}),
    "POST /api/admin/examples/{example_id}/promote": _for(ADMINISTRATOR, body={"question": "KODEX 200의 상위 5개 종목은?"}),
    "POST /api/admin/examples/{example_id}/retire": _for(ADMINISTRATOR),
    "GET /api/admin/collection/runs": _for(ADMINISTRATOR),
    "GET /api/admin/collection/gaps": _for(ADMINISTRATOR),
    "GET /api/admin/discord": _for(ADMINISTRATOR),
    "GET /api/admin/users": _for(ADMINISTRATOR, query={"limit": "200"}, shown=("name", "email", "account")),
    "PATCH /api/admin/users/{account}": _for(ADMINISTRATOR, body={"disabled": True}, shown=("name", "email", "account")),
    "DELETE /api/admin/users/{account}": _for(ADMINISTRATOR, others=(204, 404)),
    "GET /api/admin/webhooks": _for(ADMINISTRATOR, shown=("email", "account")),
    "POST /api/admin/webhooks/{account}/off": _for(ADMINISTRATOR),
    "POST /api/admin/webhooks/{account}/on": _for(ADMINISTRATOR),
    "GET /api/admin/audit": _for(ADMINISTRATOR, shown=("email", "account")),
}  # fmt: skip


def routes_of(app: FastAPI) -> set[str]:
    """Return every route of an application as `METHOD /path`, as the table names them; mounts and raw endpoints are `ANY`."""
    found = set()
    for route in iter_route_contexts(app.routes):
        methods = set(route.methods or {"ANY"})
        found |= {f"{method} {route.path}" for method in (methods - {"HEAD"} if "GET" in methods else methods)}
    return found
