"""`/v1`: the endpoints by which OpenAI's clients, and those made for them, ask questions."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse

from agent.answer import Answer
from backend.chat.bounded import BoundedRoute
from backend.chat.run import ChatRun, Failure
from backend.chat.schemas import ChatRequest
from backend.chat.stream import ChatRuns
from backend.errors import AtlasError
from backend.integrations import markdown
from backend.integrations.access import asker, check_key
from backend.integrations.chat_completions import (
    ALWAYS_MODEL,
    Completion,
    CompletionRequest,
    check_model,
    error,
    models,
)
from backend.integrations.completion_stream import CompletionNarrator
from backend.integrations.open_webui import housekeeping

_NO_RETRY = {"x-should-retry": "false"}


class OpenAIRoute(BoundedRoute):
    """A route whose errors have OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler with its errors translated."""
        handle = super().get_route_handler()

        async def translated(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as invalid:
                faults = [f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in invalid.errors()]
                return JSONResponse(error("; ".join(faults), "invalid_request_error", None), 400)
            except AtlasError as known:
                kind = "invalid_request_error" if known.status < 500 else "server_error"
                status = 400 if known.status == 422 else int(known.status)
                return JSONResponse(error(f"{known.message} {known.ko}", kind, known.slug), status)

        return translated


router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute, dependencies=[Depends(check_key)])


@router.get("/models", summary="List the models")
def list_models(request: Request) -> dict[str, Any]:
    """`etf-atlas` answers by verified queries first; `etf-atlas-llm`, where a language model is configured, always asks it."""
    return {"object": "list", "data": models(request.app.state.settings)}


@router.get("/models/{name}", summary="Describe one model")
def get_model(name: str, request: Request) -> dict[str, Any]:
    """Return the model. 404 when there is none of this name."""
    check_model(name, request.app.state.settings)
    return next(model for model in models(request.app.state.settings) if model["id"] == name)


@router.post("/chat/completions", summary="Ask a question as OpenAI's clients do", response_model=None)
async def create_completion(
    body: CompletionRequest, request: Request, who: Annotated[str, Depends(asker)]
) -> Response | dict[str, Any]:
    """Answer the last message, whole or streamed; tables, query and evidence follow the text as Markdown."""
    check_model(body.model, request.app.state.settings)
    question = body.question()
    run_id = str(uuid.uuid4())
    completion = Completion(run_id, body.model)
    kept = housekeeping(body.messages[-1].text)
    if kept is not None:
        return _housekept(completion, kept, stream=bool(body.stream))
    page = (request.app.state.settings.public_url or str(request.base_url)).rstrip("/")
    narrator = CompletionNarrator(
        completion, include_usage=bool(body.stream_options and body.stream_options.include_usage), page=page
    )
    runs: ChatRuns = request.app.state.chat_runs
    asked = ChatRequest(
        run_id, run_id, question, body.history(), visitor=f"v1:{run_id}", asker=who,
        verified_first=body.model != ALWAYS_MODEL,
    )  # fmt: skip
    run = runs.begin(asked, narrator)
    if body.stream:
        return StreamingResponse(
            _streamed(runs, run), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    return await _whole(runs, run, completion, page)


async def _streamed(runs: ChatRuns, run: ChatRun) -> AsyncIterator[bytes]:
    try:
        async for chunks in run.read():
            yield chunks
        yield b"data: [DONE]\n\n"
    finally:
        # These clients cannot come back for the rest.
        runs.cancel(run.request.visitor, run.request.run_id)


async def _whole(runs: ChatRuns, run: ChatRun, completion: Completion, page: str) -> Response:
    try:
        async for _ in run.read():
            pass
    finally:
        runs.cancel(run.request.visitor, run.request.run_id)
    outcome = run.outcome
    if isinstance(outcome, Answer) and outcome.status != "failed":
        return JSONResponse(completion.whole(markdown.whole(outcome, page), outcome))
    message, code = (outcome.message_ko, outcome.code) if isinstance(outcome, Failure) else (outcome.answer, "failed")
    return JSONResponse(error(message, "server_error", code), 503, headers=_NO_RETRY)


def _housekept(completion: Completion, text: str, *, stream: bool) -> Response:
    answer = Answer(text, "answered")
    if not stream:
        return JSONResponse(completion.whole(text, answer))

    async def chunks() -> AsyncIterator[bytes]:
        narrator = CompletionNarrator(completion, include_usage=False)
        for chunk in [*narrator.started(), *narrator.finished(answer)]:
            yield f"data: {chunk.model_dump_json()}\n\n".encode()
        yield b"data: [DONE]\n\n"

    return StreamingResponse(chunks(), media_type="text/event-stream")
