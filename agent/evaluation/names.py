"""Whether two texts name the same thing: a code, a name, a former name or an English name of one ETF, security or company."""

from __future__ import annotations

import re
from collections import defaultdict

from sqlalchemy import Connection, text

# Nicknames are left out: an answer must name a thing by a name that it has.
_NAMES = text("""
    SELECT key, name FROM search_names WHERE kind IN ('etf', 'stock', 'company', 'index', 'tag')
    UNION
    SELECT key, spelling FROM search_names
    WHERE kind IN ('etf', 'stock', 'company', 'index', 'tag')
        AND (kind IN ('company', 'tag') OR source IN ('name', 'code', 'other_code', 'english', 'former', 'issuer', 'ticker'))
    UNION
    SELECT canonical, code FROM security_codes
    UNION
    SELECT coalesce(c.canonical, s.code), n.name
    FROM securities AS s
    LEFT JOIN security_codes AS c ON c.code = s.code AND c.kind = s.kind
    CROSS JOIN LATERAL (VALUES (s.code), (s.name), (s.name_ko), (s.name_en)) AS n (name)
    WHERE n.name IS NOT NULL
    UNION
    SELECT code, name FROM etf_former_names
""")
_IGNORED = re.compile(r"[\s·.,()\-_]+")
_NOTE = re.compile(r"^(?P<one>.+?)\s*\((?P<other>[^()]+)\)$")


class Names:
    """All names of the loaded market, and what each could mean."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._keys: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, set[str]] = defaultdict(set)
        for key, name in pairs:
            self._keys[_plain(name)].add(key)
            self._keys[_plain(key)].add(key)
            self._names[key].update((name, key))

    @classmethod
    def of(cls, connection: Connection) -> Names:
        """Read the names of the loaded market."""
        return cls([(row.key, row.name) for row in connection.execute(_NAMES)])

    def same(self, one: str, other: str) -> bool:
        """Whether two texts are equal but for case, spaces and punctuation, or name the same thing."""
        if _plain(one) == _plain(other):
            return True
        return bool(self._meant(one) & self._meant(other))

    def others(self, name: str) -> set[str]:
        """Every name of what a text names, itself included."""
        return {name}.union(*(self._names[key] for key in self._meant(name)))

    def _meant(self, name: str) -> set[str]:
        """The keys a text could mean; `KODEX 200 (069500)` means what both parts mean."""
        keys = self._keys.get(_plain(name), set())
        parts = _NOTE.match(name.strip())
        if keys or parts is None:
            return keys
        return self._keys.get(_plain(parts["one"]), set()) & self._keys.get(_plain(parts["other"]), set())


def _plain(name: str) -> str:
    """A name without what people write differently."""
    return _IGNORED.sub("", name).casefold()
