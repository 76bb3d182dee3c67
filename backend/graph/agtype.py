"""agtype, the value type of Apache AGE, to and from plain Python values.

agtype's text is JSON with three extensions: `NaN`, `Infinity` and `-Infinity`, exact numbers written `1.50::numeric`,
and graph values written `{…}::vertex`, `{…}::edge` and `[…]::path`. Most values are plain JSON, which orjson reads; the
rest goes through the reader below. Graph values become apache-age-python's Vertex, Edge and Path.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from math import inf, isfinite, isnan, nan
from typing import Any

import orjson
from age.models import Edge, Path, Vertex

from backend.errors import AtlasError, InvalidInput

_GRAPH_VALUES = ("::vertex", "::edge")
_INT64 = range(-(2**63), 2**63)
_TOKEN = re.compile(
    r"""
      (?P<space>     [ \t\r\n]+ )
    | (?P<string>    "(?:[^"\\]|\\.)*" )
    | (?P<scalar>    [-+.A-Za-z0-9]+ (?: ::numeric )? )
    | (?P<separator> [,:] )
    | (?P<open>      [\[{] )
    | (?P<close>     [\]}] (?: ::[a-z]+ )? )
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"null": None, "true": True, "false": False, "NaN": nan, "Infinity": inf, "-Infinity": -inf}


class AgtypeError(AtlasError):
    """The database sent a value that is no agtype."""

    slug = "agtype"
    title_ko = "읽을 수 없는 값"


def decode(text: str | None) -> Any:
    """Return the Python value of agtype text.

    Integers become int, floating point numbers float, `::numeric` Decimal, maps dict, lists list; SQL's NULL and
    agtype's null become None. Raises AgtypeError for text that is no agtype.
    """
    if text is None:
        return None
    body, colons, annotation = text.rpartition("::") if text.endswith(_GRAPH_VALUES) else (text, "", "")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _read(text)
    return _graph_value(value, annotation, text) if colons else value


def plain(value: Any) -> Any:
    """Return a decoded value as JSON can carry it.

    A node or edge becomes the map of its properties, a path the list of those, an exact number an int or float, and
    what is no finite number None.
    """
    if isinstance(value, Vertex | Edge):
        return plain(value.properties)
    if isinstance(value, Path | list):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items()}
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    return value if not isinstance(value, float) or isfinite(value) else None


def encode(parameters: Mapping[str, Any]) -> str:
    """Return the agtype text of a query's parameters.

    Takes None, bool, int, float, Decimal, str, date (sent as an ISO string), lists, tuples and mappings with string
    keys. Whole numbers beyond 64 bits travel as exact numbers and come back as Decimal. Raises InvalidInput for
    anything else, for NUL characters and unpaired surrogates, which PostgreSQL cannot store, and for values nested too
    deep.
    """
    pieces: list[str] = []
    try:
        _write(dict(parameters), pieces)
    except RecursionError:
        raise InvalidInput("a parameter is nested too deep", ko="매개변수가 너무 깊게 중첩되어 있습니다.") from None
    return "".join(pieces)


def _write(value: Any, pieces: list[str]) -> None:
    if value is None:
        pieces.append("null")
    elif value is True or value is False:
        pieces.append("true" if value else "false")
    elif isinstance(value, str):
        pieces.append(_quoted(value))
    elif isinstance(value, int):
        pieces.append(str(int(value)) if value in _INT64 else f"{int(value)}::numeric")
    elif isinstance(value, float):
        pieces.append(_floating(value))
    elif isinstance(value, Decimal):
        pieces.append(_exact(value))
    elif isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        pieces.append(f'"{value.isoformat()}"')
    elif isinstance(value, Mapping):
        _write_map(value, pieces)
    elif isinstance(value, list | tuple):
        pieces.append("[")
        for number, element in enumerate(value):
            if number:
                pieces.append(",")
            _write(element, pieces)
        pieces.append("]")
    else:
        name = type(value).__name__
        raise InvalidInput(f"a parameter cannot be a {name}", ko=f"매개변수로 쓸 수 없는 자료형입니다: {name}")


def _write_map(value: Mapping, pieces: list[str]) -> None:
    pieces.append("{")
    for number, (key, element) in enumerate(value.items()):
        if not isinstance(key, str):
            raise InvalidInput(f"a map's keys are strings, not {key!r}", ko=f"맵의 키는 문자열이어야 합니다: {key!r}")
        pieces.append("," if number else "")
        pieces.append(_quoted(key))
        pieces.append(":")
        _write(element, pieces)
    pieces.append("}")


def _quoted(text: str) -> str:
    if "\x00" in text:
        raise InvalidInput("text with a NUL character cannot be stored", ko="NUL 문자가 든 문자열은 쓸 수 없습니다.")
    try:
        return orjson.dumps(text).decode()
    except TypeError:
        raise InvalidInput(
            "text with an unpaired surrogate cannot be stored", ko="짝이 없는 서로게이트가 든 문자열은 쓸 수 없습니다."
        ) from None


def _floating(value: float) -> str:
    if isfinite(value):
        return repr(float(value))
    return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _exact(value: Decimal) -> str:
    if value.is_snan():
        raise InvalidInput("a signalling NaN cannot be stored", ko="신호 NaN은 쓸 수 없습니다.")
    return f"{value}::numeric"


def _read(text: str) -> Any:
    """Read agtype text of any kind. Keeps its own stack, so that no depth of nesting is too much."""
    frames: list[list[Any]] = [[]]
    brackets = [""]
    expecting = True
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _malformed(text, position)
        kind, token = match.lastgroup, match.group()
        values, bracket = frames[-1], brackets[-1]
        if kind == "separator":
            wanted = ":" if bracket == "{" and len(values) % 2 else ","
            if expecting or not bracket or token != wanted:
                raise _malformed(text, position)
            expecting = True
        elif kind == "close":
            if (expecting and values) or (bracket, token[0]) not in (("{", "}"), ("[", "]")):
                raise _malformed(text, position)
            frames.pop()
            brackets.pop()
            frames[-1].append(_container(values, token, text, position))
            expecting = False
        elif kind != "space":
            if not expecting:
                raise _malformed(text, position)
            expecting = kind == "open"
            if kind == "open":
                frames.append([])
                brackets.append(token)
            else:
                values.append(orjson.loads(token) if kind == "string" else _scalar(token, text, position))
        position = match.end()
    if expecting or len(frames) > 1:
        raise _malformed(text, position)
    return frames[0][0]


def _container(values: list[Any], token: str, text: str, position: int) -> Any:
    annotation = token[1:]
    if token[0] == "]":
        if annotation not in ("", "::path"):
            raise _malformed(text, position)
        return Path(values) if annotation else values
    if len(values) % 2 or not all(isinstance(key, str) for key in values[::2]):
        raise _malformed(text, position)
    fields = dict(zip(values[::2], values[1::2], strict=True))
    if not annotation:
        return fields
    if annotation not in _GRAPH_VALUES:
        raise _malformed(text, position)
    return _graph_value(fields, annotation[2:], text)


def _graph_value(fields: dict[str, Any], kind: str, text: str) -> Vertex | Edge:
    try:
        if kind == "vertex":
            return Vertex(fields["id"], fields["label"], fields["properties"])
        edge = Edge(fields["id"], fields["label"], fields["properties"])
        edge.start_id, edge.end_id = fields["start_id"], fields["end_id"]
    except (KeyError, TypeError) as error:
        raise AgtypeError(f"not a whole {kind}: {text[:200]!r}") from error
    return edge


def _scalar(token: str, text: str, position: int) -> Any:
    try:
        if token.endswith("::numeric"):
            return Decimal(token.removesuffix("::numeric"))
        return _WORDS[token] if token in _WORDS else orjson.loads(token)
    except (orjson.JSONDecodeError, InvalidOperation) as error:
        raise _malformed(text, position) from error


def _malformed(text: str, position: int) -> AgtypeError:
    return AgtypeError(f"no agtype at position {position + 1}: {text[position : position + 40]!r}")
