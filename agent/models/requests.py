"""One request to a language model: asked as its server likes it, tried again when it fails in passing, read as it arrives."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
import orjson
import stamina

from agent.models.connection import Server, client
from agent.models.failures import ModelUnavailable, cut_off, timed_out, unavailable
from agent.models.parameters import Manners

RETRY_SECONDS = 20.0
MOST_TRIES = 4
LAST_BYTES_SECONDS = 0.1
# More refusals than a request has parameters: something else is wrong.
MOST_LESSONS = 8
_UNUSABLE = (openai.BadRequestError, openai.UnprocessableEntityError)


@dataclass(frozen=True)
class Again:
    """What arrived so far counts no more: the request was begun again."""


Chunk = dict[str, Any]


class Request:
    """A chat completion in the making. `arrived` says that the server has sent something of the message."""

    def __init__(self, server: Server, manners: Manners, arguments: dict[str, Any], time_limit_s: float) -> None:
        self._server, self._manners, self._arguments = server, manners, arguments
        self._time_limit_s = time_limit_s
        self._started = time.monotonic()
        self._told = False
        self._called: str | None = None
        self.arrived = False

    async def chunks(self) -> AsyncIterator[Chunk | Again]:
        """The chunks of the message. Raises ModelUnavailable.

        What fails in passing is tried again, with exponential backoff and jitter or when the server says, for RETRY_SECONDS in all;
        never once a chunk came that people may have been told.
        """
        tries = stamina.retry_context(
            self._wait_for, attempts=MOST_TRIES, timeout=RETRY_SECONDS, wait_initial=0.3, wait_max=5.0, wait_jitter=0.3
        )
        async for attempt in tries:
            with attempt:
                if attempt.num > 1:
                    yield Again()
                self._called = None
                async for chunk in self._once():
                    yield chunk

    def _wait_for(self, error: Exception) -> bool | float:
        """Whether to try again, or after how many seconds."""
        if not isinstance(error, ModelUnavailable) or not error.passing or self._told:
            return False
        if error.retry_after_s is None:
            return True
        left = RETRY_SECONDS - (time.monotonic() - self._started)
        return error.retry_after_s if error.retry_after_s < left else False

    async def _once(self) -> AsyncIterator[Chunk]:
        failure: ModelUnavailable | None = None
        try:
            async with asyncio.timeout(self._time_limit_s):
                async for chunk in self._taught():
                    self.arrived = True
                    self._note(chunk)
                    yield chunk
        except TimeoutError:
            failure = timed_out(self._time_limit_s)
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            failure = unavailable(error, self._server.key)
        if failure is not None:
            # Raised out here, it carries no trace of the request, whose headers hold the key.
            raise failure

    def _note(self, chunk: Chunk) -> None:
        """Whether people may be told a chunk as it comes: text, and calls of the final answer."""
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            for call in delta.get("tool_calls") or []:
                self._called = (call.get("function") or {}).get("name") or self._called
                self._told = self._told or self._called in (None, "final_answer")
            self._told = self._told or bool(delta.get("content"))

    async def _taught(self) -> AsyncIterator[Chunk]:
        """The reply to the request in the form that the server takes."""
        for _ in range(MOST_LESSONS):
            sent = self._manners.applied(self._arguments)
            try:
                async for chunk in self._sent(sent):
                    yield chunk
            except _UNUSABLE as refusal:
                if not self._manners.learn(refusal, sent):
                    raise
            else:
                return
        raise ModelUnavailable("the server refuses every form", ko="언어 모델이 요청을 처리하지 못했습니다.")

    async def _sent(self, arguments: dict[str, Any]) -> AsyncIterator[Chunk]:
        completions = client(self._server).chat.completions
        # As extra_body the client sends the arguments as they are, without going through every schema for its own types.
        request = completions.with_streaming_response.create(
            model=arguments["model"], messages=(), stream=True, extra_body=arguments
        )
        async with request as response:
            if "json" in response.headers.get("content-type", ""):
                # Some servers do not stream what has tools.
                yield _as_chunk(orjson.loads(await response.read()))
                return
            finished = False
            lines = _data_lines(response.iter_bytes())
            async for data in lines:
                if data == b"[DONE]":
                    await _read_to_the_end(lines)
                    return
                chunk = orjson.loads(data)
                if chunk.get("error"):
                    raise openai.APIError(_message(chunk["error"]), response.http_request, body=chunk["error"])
                finished = finished or any(choice.get("finish_reason") for choice in chunk.get("choices") or [])
                yield chunk
            if not finished:
                raise cut_off()


async def _read_to_the_end(lines: AsyncIterator[bytes]) -> None:
    """Take what comes after the message, usually nothing, so that the connection can be used again."""
    with contextlib.suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(LAST_BYTES_SECONDS):
            async for _ in lines:
                pass


async def _data_lines(received: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of server-sent events. Lines end at line feeds alone: JSON may hold Unicode's other line ends."""
    rest = b""
    async for block in received:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()
    if rest.startswith(b"data:"):
        yield rest[5:].strip()


def _message(error: Any) -> str:
    return str(error.get("message") or error) if isinstance(error, dict) else str(error)


def _as_chunk(completion: Chunk) -> Chunk:
    """A whole completion in the form of a chunk."""
    if completion.get("error"):
        raise ValueError(_message(completion["error"]))
    choices = [{**choice, "delta": choice.get("message") or {}} for choice in completion.get("choices") or []]
    return {**completion, "choices": choices}
