"""What Discord checks in the body of a webhook message, and the errors in which it says so (HTTP 400, code 50035).

Lengths are counted in code points after white space at both ends is gone, as Discord's API does.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

CONTENT, TITLE, DESCRIPTION, FIELDS, NAME, VALUE, FOOTER, EMBEDS, TOTAL = 2000, 256, 4096, 25, 256, 1024, 2048, 10, 6000
MENTIONS = ("roles", "users", "everyone")
Faults = list[tuple[tuple[str | int, ...], str, str]]


def problem(body: bytes) -> dict[str, Any] | None:
    """Return the JSON of the error with which Discord refuses a body; None where it takes it."""
    try:
        message = json.loads(body)
    except ValueError:
        return {"message": "The request body contains invalid JSON.", "code": 50109}
    if not isinstance(message, dict):
        return _invalid([((), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")])
    faults: Faults = []
    _text(message, (), "content", CONTENT, faults)
    _embeds(message.get("embeds") or [], faults)
    _mentions(message.get("allowed_mentions"), faults)
    if faults:
        return _invalid(faults)
    if not str(message.get("content") or "").strip() and not message.get("embeds"):
        return {"message": "Cannot send an empty message", "code": 50006}
    return None


def _embeds(embeds: Any, faults: Faults) -> None:
    if not isinstance(embeds, list):
        faults.append((("embeds",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"))
        return
    if len(embeds) > EMBEDS:
        faults.append((("embeds",), "BASE_TYPE_MAX_LENGTH", f"Must be {EMBEDS} or fewer in length."))
    for number, embed in enumerate(embeds):
        _embed(embed, ("embeds", number), faults)
    if not faults and sum(map(_size, embeds)) > TOTAL:
        faults.append((("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {TOTAL}"))


def _embed(embed: Any, at: tuple[str | int, ...], faults: Faults) -> None:
    if not isinstance(embed, dict):
        faults.append((at, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"))
        return
    _text(embed, at, "title", TITLE, faults)
    _text(embed, at, "description", DESCRIPTION, faults)
    _text(embed.get("footer") or {}, (*at, "footer"), "text", FOOTER, faults)
    fields = embed.get("fields") or []
    if len(fields) > FIELDS:
        faults.append(((*at, "fields"), "BASE_TYPE_MAX_LENGTH", f"Must be {FIELDS} or fewer in length."))
    for number, field in enumerate(fields):
        for key, limit in (("name", NAME), ("value", VALUE)):
            _text(field, (*at, "fields", number), key, limit, faults, required=True)
    colour = embed.get("color")
    if colour is not None and not (type(colour) is int and 0 <= colour <= 0xFFFFFF):
        faults.append(((*at, "color"), "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215."))
    if embed.get("url") is not None and not _is_address(embed["url"]):
        faults.append(((*at, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL."))
    if embed.get("timestamp") is not None and not _is_time(embed["timestamp"]):
        faults.append(((*at, "timestamp"), "DATE_TIME_TYPE_PARSE", "Could not parse. Should be ISO8601."))


def _text(
    holder: Any, at: tuple[str | int, ...], key: str, limit: int, faults: Faults, *, required: bool = False
) -> None:
    value = holder.get(key) if isinstance(holder, dict) else None
    if value is None or (isinstance(value, str) and not value.strip()):
        if required:
            faults.append(((*at, key), "BASE_TYPE_REQUIRED", "This field is required"))
    elif not isinstance(value, str):
        faults.append(((*at, key), "STRING_TYPE_CONVERT", "Could not interpret value as string."))
    elif len(value.strip()) > limit:
        faults.append(((*at, key), "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length."))


def _mentions(mentions: Any, faults: Faults) -> None:
    if mentions is None:
        return
    for number, kind in enumerate(mentions.get("parse") or []):
        if kind not in MENTIONS:
            at = ("allowed_mentions", "parse", number)
            faults.append((at, "BASE_TYPE_CHOICES", f"Value must be one of {MENTIONS}."))


def _size(embed: dict[str, Any]) -> int:
    texts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
    texts += [(embed.get("author") or {}).get("name")]
    texts += [field[key] for field in embed.get("fields") or [] for key in ("name", "value")]
    return sum(len((text or "").strip()) for text in texts)


def _is_address(url: Any) -> bool:
    parts = urlsplit(str(url))
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "")


def _is_time(text: Any) -> bool:
    try:
        datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return False
    return True


def _invalid(faults: Faults) -> dict[str, Any]:
    """Return the nested form in which Discord names each fault by its path."""
    errors: dict[str, Any] = {}
    for path, code, message in faults:
        place = errors
        for step in path:
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": code, "message": message})
    return {"message": "Invalid Form Body", "code": 50035, "errors": errors}
