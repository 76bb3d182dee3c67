"""What is wrong with a file as a whole is said by its name and line."""

from __future__ import annotations

import gzip

import pytest

from backend.collection.sources import files
from backend.errors import LoadError
from tests import market_files as market

ROW = market.basket("2026-01-05", "AAA001", {"005930": (10, 50.0)})


def test_the_known_files_are_read_and_others_left_alone(tmp_path):
    market.folder(tmp_path, holdings=ROW, adj_close_daily=[{"date": "x"}], etfs=[market.etf("AAA001", note="ignored")])
    feed = files.read(tmp_path)
    assert set(feed.tables) == {"holdings", "etfs"}
    assert "note" not in feed["etfs"].columns
    assert feed["prices"].is_empty()


def test_gzip_is_read_like_plain_text(tmp_path):
    market.write(tmp_path / "plain", "holdings_a.csv", ROW)
    market.write(tmp_path / "packed", "holdings_a.csv.gz", ROW)
    plain, packed = files.read(tmp_path / "plain")["holdings"], files.read(tmp_path / "packed")["holdings"]
    assert plain.drop("file").equals(packed.drop("file"))


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path):
    path = market.write(tmp_path, "etfs.csv", [market.etf("AAA001")])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert files.read(tmp_path)["etfs"]["etf_code"].to_list() == ["AAA001"]


def test_a_missing_column_is_named_with_its_file(tmp_path):
    market.write(tmp_path, "holdings_x.csv", [{"date": "2026-01-05", "etf_code": "AAA001"}])
    with pytest.raises(LoadError, match=r"holdings_x\.csv lacks the column constituent_code.*weight_pct"):
        files.read(tmp_path)


def test_another_encoding_is_named_with_its_line(tmp_path):
    path = market.write(tmp_path, "etfs.csv", [market.etf("AAA001"), market.etf("BBB002")])
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp949"))
    with pytest.raises(LoadError, match=r"etfs\.csv, line 2: not UTF-8"):
        files.read(tmp_path)


def test_a_truncated_gzip_file_is_refused(tmp_path):
    path = market.write(tmp_path, "holdings.csv.gz", ROW * 50)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LoadError, match=r"holdings\.csv\.gz is a damaged or truncated gzip file"):
        files.read(tmp_path)


def test_text_under_the_name_of_a_gzip_file_is_refused(tmp_path):
    (tmp_path / "prices.csv.gz").write_text("date,etf_code,close\n")
    with pytest.raises(LoadError, match=r"prices\.csv\.gz is a damaged"):
        files.read(tmp_path)


@pytest.mark.parametrize("content", ["", "\n", "  \n\n"])
def test_an_empty_file_is_refused(tmp_path, content):
    (tmp_path / "etfs.csv").write_text(content)
    with pytest.raises(LoadError, match=r"etfs\.csv is empty"):
        files.read(tmp_path)


def test_a_file_with_only_a_header_is_refused(tmp_path):
    (tmp_path / "etfs.csv").write_text("etf_code,name_ko\n")
    with pytest.raises(LoadError, match="a header and no rows"):
        files.read(tmp_path)


def test_a_line_with_too_many_cells_is_named(tmp_path):
    (tmp_path / "etfs.csv").write_text("etf_code,name_ko\nAAA001,가\nBBB002,나,다\n")
    with pytest.raises(LoadError, match=r"etfs\.csv, line 3: 3 cells under a header of 2"):
        files.read(tmp_path)


def test_a_folder_without_market_files_is_refused(tmp_path):
    with pytest.raises(LoadError, match="holds none of the files"):
        files.read(tmp_path)
    with pytest.raises(LoadError, match="is not a folder"):
        files.read(tmp_path / "nowhere")


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    text = 'etf_code,name_ko\nAAA001,"두\n줄"\n\nBBB002,나\n'
    (tmp_path / "etfs.csv.gz").write_bytes(gzip.compress(text.encode()))
    table = files.read(tmp_path)["etfs"]
    assert dict(table.select("etf_code", "line").drop_nulls().iter_rows()) == {"AAA001": 2, "BBB002": 5}
