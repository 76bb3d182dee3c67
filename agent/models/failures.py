"""What goes wrong between us and a language model: one error with a sentence for people, without any key in it."""

from __future__ import annotations

import math
import re
from email.utils import parsedate_to_datetime

import httpx2
import openai

from backend.errors import Unavailable

LONGEST_MESSAGE = 500
# Shorter ones would be found in ordinary words.
SHORTEST_KEY = 6
_LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|key)-[\w*-]{4,}|(?<=//)[^/\s:@]+:[^/\s@]+(?=@)|(?i:bearer)\s+\S+")
_TRANSIENT = {408, 409, 425, 429}


class ModelUnavailable(Unavailable):
    """The language model does not answer.

    `en` is the sentence for people who ask in English. `passing` says that the same request may succeed a little later,
    `retry_after_s` when the server said how much later. `billed` is whether the server may have begun to work on it.
    """

    slug = "model-unavailable"
    title_ko = "언어 모델 사용 불가"

    def __init__(
        self,
        message: str,
        *,
        ko: str,
        en: str = "The language model could not answer.",
        passing: bool = False,
        retry_after_s: float | None = None,
        billed: bool = True,
    ) -> None:
        super().__init__(message, ko=ko)
        self.en, self.passing, self.retry_after_s, self.billed = en, passing, retry_after_s, billed


def cut_off() -> ModelUnavailable:
    """The stream ended in the middle of the message."""
    return ModelUnavailable(
        "the stream ended before the message",
        ko="언어 모델의 답이 중간에 끊겼습니다. 다시 물어봐 주세요.",
        en="The language model's answer broke off. Please ask again.",
        passing=True,
    )


def timed_out(seconds: float) -> ModelUnavailable:
    """The request took longer than it may."""
    return ModelUnavailable(
        f"no complete answer within {seconds:g} s",
        ko="언어 모델이 제한 시간 안에 답하지 않았습니다.",
        en="The language model did not answer in time.",
        passing=True,
    )


def unavailable(error: Exception, key: str) -> ModelUnavailable:
    """What went wrong as a sentence for people. The message keeps the server's words, but for what looks like a key."""
    message = redacted(f"{type(error).__name__}: {error}", key)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        failure = timed_out(0)
        failure.message, failure.args = message, (message,)
        return failure
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError):
        ko = "언어 모델에 연결할 수 없거나 연결이 끊겼습니다."
        return ModelUnavailable(message, ko=ko, en="The language model cannot be reached.", passing=True)
    if not isinstance(error, openai.APIStatusError):
        # An error object within the stream, or something that is no chat completion at all.
        ko = "언어 모델이 요청을 처리하지 못했습니다."
        return ModelUnavailable(message, ko=ko, passing=isinstance(error, openai.APIError))
    ko, en = _sentence(error)
    passing = error.status_code in _TRANSIENT or error.status_code >= 500
    passing = {"true": True, "false": False}.get(error.response.headers.get("x-should-retry", ""), passing)
    return ModelUnavailable(
        message,
        ko=ko,
        en=en,
        passing=passing and error.code != "insufficient_quota",
        retry_after_s=_retry_after(error),
        billed=False,
    )


def _sentence(error: openai.APIStatusError) -> tuple[str, str]:
    if error.code == "insufficient_quota":
        return "언어 모델 계정의 사용 한도가 다 찼습니다.", "The language model's account has used up its quota."
    if isinstance(error, openai.RateLimitError):
        ko = "언어 모델에 요청이 너무 많습니다. 잠시 뒤에 다시 물어봐 주세요."
        return ko, "The language model gets too many requests. Please ask again in a moment."
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        ko = "언어 모델의 키가 올바르지 않습니다. ATLAS_OPENAI_API_KEY를 확인해 주세요."
        return ko, "The language model refuses the key; see ATLAS_OPENAI_API_KEY."
    if isinstance(error, openai.NotFoundError):
        ko = "언어 모델을 찾을 수 없습니다. ATLAS_MODEL과 ATLAS_OPENAI_BASE_URL을 확인해 주세요."
        return ko, "There is no such language model; see ATLAS_MODEL and ATLAS_OPENAI_BASE_URL."
    if error.code == "context_length_exceeded" or re.search(
        r"context (?:length|window|size)", str(error), re.IGNORECASE
    ):
        ko = "대화가 언어 모델이 읽을 수 있는 길이를 넘었습니다. 새 대화에서 물어봐 주세요."
        return ko, "The conversation is too long for the language model. Please start a new one."
    if error.code == "content_filter":
        return "언어 모델의 안전 필터가 질문을 막았습니다.", "The language model's content filter blocked the question."
    return "언어 모델이 요청을 처리하지 못했습니다.", "The language model could not handle the request."


def redacted(text: str, key: str) -> str:
    """The text without the key and without what looks like one, for servers repeat the keys they refuse."""
    if len(key) >= SHORTEST_KEY:
        text = text.replace(key, "[key]")
    return _LOOKS_LIKE_A_KEY.sub("[key]", text)[:LONGEST_MESSAGE]


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds that the server wants us to wait: retry-after-ms, or Retry-After as seconds or as a date."""
    headers = error.response.headers
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers[name]) / divisor
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        then = parsedate_to_datetime(headers["retry-after"])
        sent = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    return max(0.0, (then - sent).total_seconds())
