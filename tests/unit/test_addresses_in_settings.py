"""An address that cannot be one is refused by the name of its variable, without what stands in it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from backend.errors import InvalidInput
from backend.settings import Settings, get_settings


@pytest.mark.parametrize("name", ["database_url", "replica_url", "pool_url"])
def test_an_address_of_no_postgresql_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**{name: "postgrsql://somebody:hunter2@host/atlas"})
    (error,) = caught.value.errors()
    assert error["loc"] == (name,)
    assert "is no address of a PostgreSQL" in error["msg"]
    assert "hunter2" not in error["msg"]


@pytest.mark.parametrize(
    "url", ["postgresql://host/atlas", "postgres://u:p@host:5432/atlas?sslmode=require", "host=h dbname=d"]
)
def test_whatever_libpq_takes_is_taken(url: str) -> None:
    assert Settings(database_url=url, replica_url=url, pool_url=url).pool_url == url


@pytest.mark.parametrize("name", ["krx_open_api_url", "krx_data_url"])
def test_an_address_of_krx_names_its_protocol(name: str) -> None:
    with pytest.raises(ValidationError, match="neither https:// nor http://"):
        Settings(**{name: "data.krx.co.kr"})


def test_the_variable_at_fault_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_KRX_DATA_URL", "data.krx.co.kr")
    with pytest.raises(InvalidInput) as caught:
        get_settings.__wrapped__()
    assert caught.value.message == "ATLAS_KRX_DATA_URL: begins with neither https:// nor http://"
