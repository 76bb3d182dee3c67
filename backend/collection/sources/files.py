"""Tidy CSV files of a folder, plain or gzip.

`etfs.csv`, `stocks.csv`, `holdings*.csv`, `prices.csv`, `etf_renames.csv` and `ticker_equivalents.csv`, each also as
`.gz`; any of them may be missing, other files are left alone. UTF-8, comma separated, a header line.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from pathlib import Path

import polars as pl

from backend.collection.feed import REQUIRED, Feed, columns
from backend.errors import LoadError

PATTERNS: dict[str, tuple[str, ...]] = {
    "etfs": ("etfs.csv", "etfs.csv.gz"),
    "stocks": ("stocks.csv", "stocks.csv.gz"),
    "holdings": ("holdings*.csv", "holdings*.csv.gz"),
    "prices": ("prices.csv", "prices.csv.gz"),
    "renames": ("etf_renames.csv", "etf_renames.csv.gz"),
    "equivalents": ("ticker_equivalents.csv", "ticker_equivalents.csv.gz"),
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(directory: Path) -> Feed:
    """Read every tidy file of the folder. Raises LoadError that names the file and what is wrong with it as a whole."""
    if not directory.is_dir():
        raise LoadError(f"{directory} is not a folder.", ko=f"{directory} 폴더가 없습니다.")
    tables: dict[str, pl.DataFrame] = {}
    for table, patterns in PATTERNS.items():
        paths = sorted({path for pattern in patterns for path in directory.glob(pattern) if path.is_file()})
        if paths:
            tables[table] = pl.concat([_read_table(path, table) for path in paths])
    if not tables:
        expected = ", ".join(patterns[0] for patterns in PATTERNS.values())
        raise LoadError(
            f"{directory} holds none of the files that can be loaded: {expected} (each also as .gz).",
            ko=f"{directory} 폴더에 적재할 수 있는 파일이 없습니다: {expected} (.gz 가능).",
        )
    return Feed("files", f"{directory.name} 폴더의 자료", tables)


def _read_table(path: Path, table: str) -> pl.DataFrame:
    content = _content(path)
    header = next(csv.reader(io.StringIO(content[: content.find(b"\n") + 1 or None].decode())), [])
    missing = [column for column in REQUIRED[table] if column not in header]
    if missing:
        raise LoadError(f"{path.name} lacks the column {', '.join(missing)}.", file=path.name, columns=missing)
    repeated = {column for column in header if header.count(column) > 1} & set(columns(table))
    if repeated:
        raise LoadError(f"{path.name} has the column {', '.join(sorted(repeated))} more than once.", file=path.name)
    present = [column for column in columns(table) if column in header]
    try:
        frame = pl.read_csv(
            content,
            columns=present,
            infer_schema=False,
            row_index_name="line",
            row_index_offset=2,
        )
    except pl.exceptions.PolarsError as error:
        raise LoadError(
            _ragged(path, content, len(header)) or f"{path.name} is no CSV: {error}", file=path.name
        ) from error
    if frame.is_empty():
        raise LoadError(f"{path.name} has a header and no rows.", file=path.name)
    absent = [pl.lit(None, pl.String).alias(column) for column in columns(table) if column not in header]
    text = pl.col(present).str.strip_chars().replace("", None)
    frame = frame.with_columns(text, *absent, pl.lit(path.name).alias("file"), pl.col("line").cast(pl.Int64))
    frame = frame.filter(pl.any_horizontal(pl.col(present).is_not_null()))
    return _true_lines(frame, content).select(*columns(table), "file", "line")


def _content(path: Path) -> bytes:
    """Return the file's bytes without compression and byte order mark, checked to be UTF-8."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise LoadError(f"{path.name} is a damaged or truncated gzip file: {error}", file=path.name) from error
    except OSError as error:
        raise LoadError(f"{path.name} cannot be read: {error.strerror or error}", file=path.name) from error
    content = content.removeprefix(BYTE_ORDER_MARK)
    if not content.strip():
        raise LoadError(f"{path.name} is empty.", file=path.name)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise LoadError(f"{path.name}, line {line}: not UTF-8 ({error.reason}).", file=path.name, line=line) from error
    return content


def _ragged(path: Path, content: bytes, width: int) -> str | None:
    """Return which line has more cells than the header, None if no line has."""
    reader = csv.reader(io.StringIO(content.decode(), newline=""))
    for cells in reader:
        if len(cells) > width:
            return f"{path.name}, line {reader.line_num}: {len(cells)} cells under a header of {width}."
    return None


def _true_lines(frame: pl.DataFrame, content: bytes) -> pl.DataFrame:
    """Return the frame with the line each row starts on, where cells run over several lines or lines are blank."""
    if content.count(b"\n") <= len(frame) + 1:
        return frame
    reader = csv.reader(io.StringIO(content.decode(), newline=""))
    starts, before = [], 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            starts.append(before + 1)
        before = reader.line_num
    if len(starts) != len(frame) + 1:
        return frame
    return frame.with_columns(pl.Series("line", starts[1:], dtype=pl.Int64))
