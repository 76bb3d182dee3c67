"""Counts and times of requests, for Prometheus."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter("atlas_http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("atlas_http_request_seconds", "Time to the first byte of the answer, seconds", ["method", "route"])
TURNS = Counter("atlas_chat_turns_total", "Questions that ended, by status and by what answered", ["status", "source"])
TOKENS = Counter("atlas_chat_tokens_total", "Tokens of language models in chats", ["model", "kind"])
FEEDBACK = Counter("atlas_chat_feedback_total", "Verdicts that people gave on answers", ["verdict"])
CHAT_OPEN = Gauge("atlas_chat_open", "Questions that are being answered or wait for their turn")
NOT_STORED = Counter("atlas_chat_turns_not_stored_total", "Turns that could not be stored")
STREAMS_OPEN = Gauge("atlas_notification_streams_open", "Notification streams that are open")
STREAMS_DROPPED = Counter("atlas_notification_streams_dropped_total", "Notification streams cut off: nobody read them")
EVENTS_DELIVERED = Counter("atlas_notification_events_delivered_total", "Events written to a stream as they came")
EVENTS_REPLAYED = Counter("atlas_notification_events_replayed_total", "Events written to a stream that had missed them")


def count_turn(outcome: Any) -> None:
    """Count one ended question and what it took: an `agent.answer.Answer`, or something else with a `status`."""
    TURNS.labels(outcome.status, getattr(outcome, "source", None) or "none").inc()
    usage = outcome.trace.usage if hasattr(outcome, "trace") else None
    if usage is not None and usage.prompt_tokens + usage.completion_tokens:
        TOKENS.labels(outcome.model, "prompt").inc(usage.prompt_tokens)
        TOKENS.labels(outcome.model, "completion").inc(usage.completion_tokens)


class RequestMetrics:
    """Pure ASGI middleware: streams pass through it untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The route's pattern, not the path: one series a route, whatever is asked for.
                route = getattr(scope.get("route"), "path", "unmatched")
                REQUESTS.labels(scope["method"], route, message["status"]).inc()
                SECONDS.labels(scope["method"], route).observe(time.perf_counter() - started)
            await send(message)

        await self.app(scope, receive, observed)
