"""How pykrx, which is optional, comes to be there."""

from __future__ import annotations

import pytest

from backend import virtual_environment
from backend.collection.sources.krx import KrxUnavailable, statistics


def test_where_pykrx_cannot_be_installed_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(requirements: str) -> None:
        asked.append(requirements)
        raise virtual_environment.SetupFailed("the disk is full")

    monkeypatch.setattr(statistics, "_installed", lambda: False)
    monkeypatch.setattr(virtual_environment, "ensure", refuse)
    with pytest.raises(KrxUnavailable, match="the disk is full") as caught:
        statistics.load()
    assert asked == ["requirements-krx.txt"]
    assert "requirements-krx.txt" in caught.value.ko
    assert not caught.value.passing


def test_an_address_of_the_real_service_becomes_a_path() -> None:
    assert (
        statistics.path_of("https://data.krx.co.kr/contents/view/login.jsp?site=mdc")
        == "/contents/view/login.jsp?site=mdc"
    )
