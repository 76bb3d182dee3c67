"""Finding out who sends a request: many at once are one query, so that thousands of streams may come back together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import Connection, text

from backend.accounts.codes import hash_code
from backend.accounts.person import Person
from backend.accounts.sessions import LASTS, OVERLAP, RENEWED_EVERY, SEEN_EVERY, UNUSED
from backend.accounts.transaction import app_transaction
from backend.db.engine import Database

MOST_AT_ONCE = 500
"""Codes that one query looks up."""
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="who-is")

# `renewable`: the session is due for a new code. `unseen`: its use has to be written down.
_FIND = text("""
    SELECT s.code_hash AS hash, u.id, u.email, u.name, u.role, s.id AS session, NULL::uuid AS token,
           s.renewed_at < now() - :every AS renewable,
           s.seen_at < now() - :seen OR (s.previous_hash IS NOT NULL AND s.previous_until IS NULL) AS unseen
    FROM login_sessions AS s
    JOIN users AS u ON u.id = s.person
    WHERE s.code_hash = ANY (:codes)
      AND s.expires_at > now()
      AND u.disabled_at IS NULL
    UNION ALL
    SELECT s.previous_hash, u.id, u.email, u.name, u.role, s.id, NULL,
           s.previous_until IS NULL AND s.renewed_at < now() - :overlap,
           s.seen_at < now() - :seen
    FROM login_sessions AS s
    JOIN users AS u ON u.id = s.person
    WHERE s.previous_hash = ANY (:codes)
      AND coalesce(s.previous_until > now(), true)
      AND s.expires_at > now()
      AND u.disabled_at IS NULL
    UNION ALL
    SELECT t.code_hash, u.id, u.email, u.name, u.role, NULL, t.id,
           false,
           coalesce(t.used_at < now() - :seen, true)
    FROM api_tokens AS t
    JOIN users AS u ON u.id = t.person
    WHERE t.code_hash = ANY (:tokens)
      AND coalesce(t.expires_at > now(), true)
      AND u.disabled_at IS NULL
""")
# Rows that another process is writing to are left to it. A code that has been used makes the one before it end soon.
_SEEN_SESSIONS = text("""
    UPDATE login_sessions AS s
    SET seen_at = now(),
        expires_at = least(s.created_at + :lasts, now() + :unused),
        previous_until = CASE
            WHEN s.previous_hash IS NOT NULL AND s.code_hash = ANY (:codes)
            THEN coalesce(s.previous_until, now() + :overlap)
            ELSE s.previous_until
        END
    WHERE s.id IN (SELECT id FROM login_sessions WHERE id = ANY (:ids) FOR UPDATE SKIP LOCKED)
""")
_SEEN_TOKENS = text("""
    UPDATE api_tokens SET used_at = now()
    WHERE id IN (SELECT id FROM api_tokens WHERE id = ANY (:ids) FOR UPDATE SKIP LOCKED)
""")


@dataclass(frozen=True)
class Found:
    """Who was found for a code; `renewable` where the session is due for a new one."""

    person: Person
    renewable: bool = False


def look_up(connection: Connection, codes: Iterable[str], tokens: Iterable[str]) -> dict[str, Found]:
    """Return who shows which code of a session or which bearer token; whatever opens nothing is left out.

    That they are in use is written down, at most once a minute each.
    """
    texts = {hash_code(code): code for code in (*codes, *tokens)}
    hashes = {"codes": [hash_code(code) for code in codes], "tokens": [hash_code(token) for token in tokens]}
    rows = connection.execute(
        _FIND, {**hashes, "every": RENEWED_EVERY, "seen": SEEN_EVERY, "overlap": OVERLAP}
    ).mappings().all()  # fmt: skip
    sessions = sorted({row["session"] for row in rows if row["unseen"] and row["session"]})
    used_tokens = sorted({row["token"] for row in rows if row["unseen"] and row["token"]})
    if sessions:
        times = {"lasts": LASTS, "unused": UNUSED, "overlap": OVERLAP}
        connection.execute(_SEEN_SESSIONS, {"ids": sessions, "codes": hashes["codes"], **times})
    if used_tokens:
        connection.execute(_SEEN_TOKENS, {"ids": used_tokens})
    return {texts[bytes(row["hash"])]: _found(row) for row in rows}


def _found(row) -> Found:
    person = Person(**{field: row[field] for field in ("id", "email", "name", "role", "session", "token")})
    return Found(person, row["renewable"])


class Lookup:
    """Gathers what requests ask for while a query runs, and asks for all of it with the next one.

    Belongs to one event loop. A request waits for one query, and none of the threads that serve requests does.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[tuple[str, bool], asyncio.Future[Found | None]] = {}
        self._running = 0

    async def find(self, code: str, *, token: bool) -> Found | None:
        """Return who shows a session's code or a bearer token, None where it opens nothing. Raises Unavailable."""
        future = self._waiting.get((code, token))
        if future is None:
            future = self._waiting[code, token] = asyncio.get_running_loop().create_future()
            self._ask()
        return await asyncio.shield(future)

    def _ask(self) -> None:
        # Two, so that one that hangs does not hold up everybody.
        if self._waiting and self._running < 2:
            asked = dict(list(self._waiting.items())[:MOST_AT_ONCE])
            for key in asked:
                del self._waiting[key]
            self._running += 1
            task = asyncio.get_running_loop().run_in_executor(_THREADS, self._query, list(asked))
            task.add_done_callback(lambda done: self._tell(asked, done))

    def _query(self, asked: list[tuple[str, bool]]) -> dict[str, Found]:
        with app_transaction(self._database) as connection:
            return look_up(
                connection,
                [code for code, token in asked if not token],
                [code for code, token in asked if token],
            )

    def _tell(self, asked: dict[tuple[str, bool], asyncio.Future], done: asyncio.Future) -> None:
        self._running -= 1
        error = None if done.cancelled() else done.exception()
        for (code, _), future in asked.items():
            if future.done():
                continue
            if done.cancelled():
                future.cancel()
            elif error:
                future.set_exception(error)
                future.exception()  # Whoever asked may have gone.
            else:
                future.set_result(done.result().get(code))
        self._ask()
