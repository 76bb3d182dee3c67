"""pykrx, which knows how the KRX data service is asked, without what it does beside that.

Its raw layer (one class for each statistic, whose `read` returns the rows as KRX sent them) is used as it is; above that
pykrx turns most failures into empty tables. Three things are kept from it:

- Importing it logs in (with KRX_ID and KRX_PW of the environment) and loads matplotlib. Both happen in modules that are
  put in place here before anything imports them.
- It opens connections without time limits. All it sends goes through the `Session` of whoever asks.
- It prints, also user names.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from backend import virtual_environment
from backend.collection.sources.krx.errors import KrxUnavailable

REQUIREMENTS = "requirements-krx.txt"
_LOADING = threading.Lock()


class Reply(Protocol):
    """What pykrx expects of an answer."""

    def json(self) -> Any: ...


class Session(Protocol):
    """What pykrx sends its requests through. `url` is always below the real service's address."""

    def get(self, url: str, **options: Any) -> Reply: ...

    def post(self, url: str, **options: Any) -> Reply: ...


class _Asking(threading.local):
    """The session of whoever asks in this thread, in the form in which pykrx wants the one session of a process."""

    session: Session

    def is_valid(self, buffer_seconds: int = 300) -> bool:
        """Say yes: pykrx never logs in by itself."""
        return True

    def get_headers(self) -> dict[str, str]:
        return {}


class Statistics:
    """The statistics of the data service as pykrx reads them."""

    def __init__(self, auth: ModuleType, core: ModuleType) -> None:
        self._auth = auth
        self._asking = _Asking()
        auth.set_auth_session(self._asking)
        self._listing = core.ETF_전종목기본종목()
        self._prices = core.전종목시세_ETF()
        self._basket = core.PDF()

    def listing(self, session: Session) -> Any:
        """Return the answer with all listed ETFs (MDCSTAT04601)."""
        with self._through(session):
            return self._listing.read()

    def prices(self, session: Session, day: str) -> Any:
        """Return the answer with every ETF's prices of a day, YYYYMMDD (MDCSTAT04301)."""
        with self._through(session):
            return self._prices.read(trdDd=day)

    def basket(self, session: Session, day: str, isin: str) -> Any:
        """Return the answer with an ETF's basket of a day (MDCSTAT05001)."""
        with self._through(session):
            return self._basket.read(trdDd=day, isuCd=isin)

    def log_in(self, session: Session, user: str, password: str) -> bool:
        """Log in, ending another session of the account if there is one; return whether KRX let us in."""
        return self._auth.login_krx(user, password, session)

    @contextmanager
    def _through(self, session: Session) -> Iterator[None]:
        self._asking.session = session
        try:
            yield
        finally:
            del self._asking.session


@lru_cache(maxsize=1)
def _load() -> Statistics:
    package = find_spec("pykrx")
    assert package is not None
    assert package.submodule_search_locations is not None
    # The package's own __init__ only sets up matplotlib. Registered without being run, it still leads to its modules.
    sys.modules["pykrx"] = module_from_spec(package)
    auth = _module("pykrx.website.comm.auth", Path(package.submodule_search_locations[0], "website", "comm", "auth.py"))
    vars(auth).update(print=_silently, build_krx_session=_silently)
    return Statistics(auth, importlib.import_module("pykrx.website.krx.etx.core"))


def load() -> Statistics:
    """Return pykrx, installing it if need be. Raises KrxUnavailable where it cannot be installed."""
    with _LOADING:
        if not _installed():
            _install()
        return _load()


def _installed() -> bool:
    return "pykrx" in sys.modules or find_spec("pykrx") is not None


def _install() -> None:
    failure = ""
    try:
        virtual_environment.ensure(REQUIREMENTS)
    except (virtual_environment.SetupFailed, OSError) as error:
        failure = str(error)
    importlib.invalidate_caches()
    if failure or not _installed():
        raise KrxUnavailable(
            f"pykrx, which baskets are fetched with, is not installed and could not be: {failure or 'it is elsewhere'}. "
            f"Install {REQUIREMENTS} into the Python environment that runs ETF Atlas.",
            ko=f"구성종목을 받는 데 필요한 pykrx를 설치하지 못했습니다. {REQUIREMENTS}를 직접 설치해 주세요.",
        )


def _module(name: str, path: Path) -> ModuleType:
    """Run one module of the package before its package does."""
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _silently(*_: object, **__: object) -> None:
    """Do nothing in the place of something that prints or logs in."""


def path_of(url: str) -> str:
    """Return the path and query of an address that pykrx asks."""
    return "/" + url.partition("://")[2].partition("/")[2]


def form(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the form that pykrx sends."""
    return {name: str(value) for name, value in (options.get("data") or {}).items()}
