"""Names as people shorten them: without the issuer, without (H), in English; and words that only look like others."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from agent.name_variants import variants
from agent.reading.understanding import understand
from agent.runner import ask
from backend.db.engine import Database
from backend.market.dataset import get_dataset
from backend.settings import Settings

ROWS = [
    ("company", "타임폴리오자산운용", "타임폴리오자산운용", "alias", "time", 0),
    ("company", "KB자산운용", "KB자산운용", "brand", "rise", 0),
    ("company", "미래에셋자산운용", "미래에셋자산운용", "brand", "tiger", 0),
    ("etf", "385720", "TIME 코스피액티브", "name", "time코스피액티브", 1),
    ("etf", "385720", "TIME 코스피액티브", "english", "timetime코스피active", 1),
    ("etf", "426030", "TIME 미국나스닥100액티브", "name", "time미국나스닥100액티브", 1),
    ("etf", "426030", "TIME 미국나스닥100액티브", "english", "timetimeus나스닥100active", 1),
    ("etf", "267490", "RISE 미국장기국채선물레버리지(합성 H)", "name", "rise미국장기국채선물레버리지합성h", 1),
    ("etf", "267490", "RISE 미국장기국채선물레버리지(합성 H)", "former", "kbstar미국장기국채선물레버리지합성h", 1),
    ("etf", "245360", "TIGER 차이나HSCEI", "name", "tiger차이나h", 1),
    ("etf", "192090", "TIGER 차이나항셍", "name", "tiger차이나항셍", 1),
    ("etf", "192090", "TIGER 차이나항셍", "english", "miraetiger차이나", 1),
]


@pytest.mark.parametrize(
    ("spelled", "code"),
    [
        ("time코스피active", "385720"),
        ("time나스닥100active", "426030"),
        ("rise미국장기국채선물레버리지", "267490"),
        ("kbstar미국장기국채선물레버리지", "267490"),
    ],
)
def test_a_name_is_known_without_what_goes_without_saying(spelled: str, code: str):
    assert [row[1] for row in variants(ROWS) if row[4] == spelled] == [code]


def test_a_brand_and_its_theme_are_no_name():
    assert "tiger차이나" not in {row[4] for row in variants(ROWS)}


def test_two_that_would_share_a_name_do_not_have_it():
    hedged = ("etf", "000001", "RISE 미국장기국채선물레버리지(H)", "name", "rise미국장기국채선물레버리지h", 1)
    assert "rise미국장기국채선물레버리지" not in {row[4] for row in variants([*ROWS, hedged])}


def test_china_is_no_difference(sample_database: Database):
    with sample_database.engine("atlas_app").connect() as connection:
        dated = get_dataset(connection)
        kinds = [token.kind for token in understand(connection, "차이나 ETF 몇 개?", dated.as_of, dated.dataset).tokens]
    assert "compare" not in kinds


def test_how_big_asks_for_the_size(sample_database: Database, settings: Settings):
    sql = "SELECT aum_krw FROM etfs WHERE code = '069500'"
    with sample_database.engine("atlas_app").connect() as connection:
        [size] = connection.execute(text(sql)).scalars()
    table = ask(sample_database, "How big is KODEX 200 and what does it charge?", settings=settings).tables[0]
    assert table.rows[0][table.columns.index("net assets (KRW)")] == size
