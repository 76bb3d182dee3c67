"""The application factory: the only place that wires rooms together into a web server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from backend import problems
from backend.accounts.routes import router as account_router
from backend.administration.routes import router as administration_router
from backend.admission import Admission
from backend.background import Background
from backend.chat.deciding import DecidingEngine
from backend.chat.market_agent import answering, open_agent
from backend.chat.routes import router as chat_router
from backend.chat.stream import ChatRuns
from backend.chat.threads import ThreadEngine
from backend.chat.turns import Turns
from backend.chat.workers import WorkerEngine
from backend.curation.routes import router as curation_router
from backend.db.engine import Database
from backend.db.opening import open_database
from backend.errors import NotFound, Unavailable
from backend.integrations.completion_routes import router as completion_router
from backend.integrations.mcp_routes import PATH as MCP_PATH
from backend.integrations.mcp_routes import McpEndpoint
from backend.market.routes import router as market_router
from backend.metrics import RequestMetrics
from backend.notifications.hub import Hub
from backend.notifications.listener import Listener
from backend.notifications.routes import router as notification_router
from backend.notifications.sessions import CHANNEL as SESSIONS_CHANNEL
from backend.notifications.sessions import Sessions
from backend.notifications.store import READ_CHANNEL, Notifications
from backend.notifications.stream import PATH as STREAM_PATH
from backend.notifications.stream import NotificationStream
from backend.notifications.stream_description import describe_stream
from backend.notifications.unsubscribe_routes import router as unsubscribe_router
from backend.notifications.webhook_routes import router as webhook_router
from backend.operations.routes import router as operations_router
from backend.request_body import RequestBody
from backend.request_origin import RequestOrigin
from backend.security_headers import SecurityHeaders
from backend.settings import Settings, get_settings
from backend.watchlist.routes import router as watchlist_router

log = structlog.get_logger(__name__)

THREADS_HERE = 8
"""Most questions that are answered at once where there are no workers."""
BEGUN_WITHIN_S = 2.0
"""How long the start waits for the first reading of the notifications; a database that is away is waited for while serving."""
PAGE = Path(__file__).parent / "web" / "dist"
DESCRIPTION = (
    "Questions about the Korean ETF market, answered from a graph. Dates are ISO 8601, weights, fees and premiums are "
    "in percent, money is in KRW. Errors are RFC 9457 problem documents with a Korean `detail`."
)


def create_app(database: Database | None = None, settings: Settings | None = None, *, page: Path = PAGE) -> FastAPI:
    """Return the web application.

    `database` is opened from the settings when it is not given, and then closed at shutdown. `page` is the folder of
    the built browser application; without it the API still serves.
    """
    settings = settings or get_settings()
    owned = database is None
    mcp = McpEndpoint()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = database or open_database(settings)
        app.state.settings = settings
        async with _workers(app.state.database, settings) as workers:
            _add_chat(app, app.state.database, settings, workers)
            log.info("ready", page=page.is_dir())
            async with mcp.serving(app.state.database, settings), _telling(app, app.state.database, settings):
                background = Background(app.state.database, settings) if settings.background else None
                if background:
                    background.start()
                yield
                if background:
                    await asyncio.to_thread(background.stop)
            await app.state.chat_runs.close()
        if owned:
            app.state.database.dispose()

    app = FastAPI(
        title="ETF Atlas",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        responses=problems.RESPONSES,
        # The browser application has a page at /docs; FastAPI's own would load its scripts from another host.
        docs_url=None,
        redoc_url=None,
    )
    if database is not None:
        # Usable before the lifespan runs, as a test client without a context manager does.
        app.state.database, app.state.settings = database, settings
        _add_chat(app, database, settings)
        app.state.notifications, app.state.hub = Notifications(database), Hub(settings.notification_ping_s)
        app.state.sessions = Sessions(database, app.state.hub)
    problems.install(app)
    app.include_router(account_router)
    app.include_router(market_router)
    app.include_router(watchlist_router)
    app.include_router(chat_router)
    app.include_router(completion_router)
    app.include_router(curation_router)
    app.include_router(operations_router)
    app.include_router(administration_router)
    app.include_router(notification_router)
    app.include_router(webhook_router)
    app.include_router(unsubscribe_router)
    app.router.routes.append(Route(STREAM_PATH, endpoint=NotificationStream()))
    describe_stream(app)
    app.router.routes.append(Route(MCP_PATH, endpoint=mcp))
    _add_operations(app)
    _add_page(app, page)
    app.add_middleware(Admission)
    app.add_middleware(RequestBody)
    app.add_middleware(RequestOrigin)
    app.add_middleware(RequestMetrics)
    app.add_middleware(SecurityHeaders)
    return app


@asynccontextmanager
async def _workers(database: Database, settings: Settings) -> AsyncIterator[WorkerEngine | None]:
    """Keep the processes that answer questions; None where this process is to do it."""
    if settings.chat_workers == 0:
        yield None
        return
    workers = WorkerEngine(
        open_agent,
        (database.bare_url(), settings),
        settings.chat_workers,
        meanwhile=answering(database, settings),
        log_level=settings.log_level,
    )
    await workers.open()
    try:
        yield workers
    finally:
        await workers.close()


@asynccontextmanager
async def _telling(app: FastAPI, database: Database, settings: Settings) -> AsyncIterator[None]:
    """Tell every open stream what happens in the database, as soon as it is committed."""
    store, hub = Notifications(database), Hub(settings.notification_ping_s)
    sessions = Sessions(database, hub)
    app.state.notifications, app.state.hub, app.state.sessions = store, hub, sessions
    listener = Listener(
        database,
        store,
        hub.publish,
        on_begin=hub.begin,
        hear={SESSIONS_CHANNEL: sessions.hear, READ_CHANNEL: hub.hear_read},
        on_found=sessions.check_soon,
    )
    listener.start()
    sessions.start()
    try:
        await listener.begun(BEGUN_WITHIN_S)
        yield
    finally:
        await hub.close()
        await listener.stop()
        await sessions.stop()
        store.close()


def _add_chat(app: FastAPI, database: Database, settings: Settings, workers: WorkerEngine | None = None) -> None:
    app.state.turns = Turns(database, settings.model)
    app.state.chat_runs = ChatRuns(
        DecidingEngine(workers or ThreadEngine(answering(database, settings)), database),
        recorder=app.state.turns,
        concurrency=workers.room if workers else THREADS_HERE,
        abandoned_after_s=settings.chat_abandoned_after_s,
    )


def _add_operations(app: FastAPI) -> None:
    @app.get("/api/health", tags=["operations"], summary="Is the process alive?")
    def health() -> dict[str, str]:
        """Answer as long as the process can answer; the database is not asked."""
        return {"status": "ok"}

    @app.get(
        "/api/ready",
        tags=["operations"],
        summary="Can questions be answered, and on which data?",
        responses={503: problems.response("The database does not answer or holds no market")},
    )
    def ready(request: Request) -> dict[str, str | None]:
        """Return the data set (`sample` or `files`), its label, the data date and the language model (`offline`: none)."""
        try:
            with request.app.state.database.engine().connect() as connection:
                row = connection.execute(text("SELECT name, label, as_of FROM datasets")).first()
        except (DBAPIError, PoolTimeout) as error:
            raise Unavailable(
                f"the database does not answer: {error.__class__.__name__}", ko="데이터베이스가 응답하지 않습니다."
            ) from error
        if row is None:
            raise Unavailable(
                "no market has been loaded: run `./atlas load sample`",
                ko="아직 적재된 시장 자료가 없습니다. `./atlas load sample`을 실행하세요.",
            )
        return {
            "status": "ready",
            "dataset": row.name,
            "label": row.label,
            "as_of": row.as_of and row.as_of.isoformat(),
            "model": request.app.state.settings.model,
        }

    @app.get("/metrics", tags=["operations"], summary="Prometheus metrics", response_class=PlainTextResponse)
    def metrics() -> Response:
        """Return the counters of this process in Prometheus' text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _add_page(app: FastAPI, page: Path) -> None:
    """Serve the built browser application; unknown paths outside the API get its index, so that reloading works."""
    if (page / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=page / "assets"), name="assets")

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def browser_application(path: str) -> Response:
        if path.split("/", 1)[0] in ("api", "v1", "mcp", "assets"):
            raise NotFound(f"no such address: /{path}", ko=f"없는 주소입니다: /{path}")
        if file := _file_of(page, path):
            return FileResponse(file)
        index = page / "index.html"
        if not index.is_file():
            raise NotFound(
                "the browser application has not been built: run `./atlas up`",
                ko="화면이 아직 만들어지지 않았습니다. `./atlas up`을 실행하세요.",
            )
        return FileResponse(index, headers={"Cache-Control": "no-cache"})


def _file_of(page: Path, path: str) -> Path | None:
    """Return the file of the page that an address names; None where it names none, or can be no file's name at all."""
    try:
        file = (page / path).resolve()
        return file if path and file.is_file() and file.is_relative_to(page.resolve()) else None
    except (ValueError, OSError):  # a NUL, a name that is too long
        return None
