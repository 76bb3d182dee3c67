"""What has no date: ETFs, securities, their codes and names, and the nodes and edges that mirror them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl
from psycopg import Cursor, sql

from backend.collection import recoding
from backend.collection.label_tables import Nodes, copy_rows, label_numbers, sync_edges
from backend.collection.resolve import ISIN, PLACEHOLDERS, stock_canonicals
from backend.collection.validate import Market
from backend.graph.labels import HISTORY, MARKET
from seeds.tags import tags_for

KOREAN_MARKETS = ("KOSPI", "KOSDAQ", "KOSDAQ GLOBAL", "KONEX")
ETF_COLUMNS = (
    "code",
    "isin",
    "name",
    "name_en",
    "brand",
    "company",
    "index_name",
    "leverage",
    "replication",
    "active",
    "index_market",
    "asset_class",
    "category",
    "listed",
    "creation_unit",
    "fee_pct",
    "tax_type",
    "aum_krw",
    "aum_date",
)
SECURITY_COLUMNS = ("code", "kind", "name", "name_ko", "name_en", "isin", "market", "industry")
# Marks that sources put before a name: exchange, "formerly", "newly", a repeated row.
NAME_MARK = re.compile(r"^\((?:[A-Z]{2}|선|후|dup)\)\s*")
# Properties of an ETF node that come with a date rather than with the reference tables.
DATED = ("holdings_date", "close", "nav", "premium", "price_date")
FORMER_NAMES = ("name_20210325", "name_20260125", "name_202607")


@dataclass
class Graph:
    """The nodes of both graphs that positions refer to, by label and code."""

    numbers: dict[tuple[str, str], int]
    nodes: dict[tuple[str, str], Nodes] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: Cursor) -> Graph:
        graph = cls(label_numbers(cursor))
        for key in [(g, label) for g in (MARKET, HISTORY) for label in ("ETF", "Stock", "Asset")]:
            graph.nodes[key] = Nodes(cursor, *key, graph.numbers[key])
        return graph

    def ids(self, name: str) -> pl.DataFrame:
        """Return label, code and id of every position's end in one graph."""
        rows = [
            (label, code, node_id)
            for (graph, label), nodes in self.nodes.items()
            if graph == name
            for code, node_id in nodes.ids.items()
        ]
        return pl.DataFrame(rows, schema={"label": pl.String, "code": pl.String, "id": pl.Int64}, orient="row")


def write(cursor: Cursor, market: Market, resolved: pl.DataFrame, graph: Graph, source: str) -> bool:
    """Bring the reference tables and their nodes level with the market, and return whether anything changed.

    What a source does not say leaves what is known: no cell is emptied. An ETF that was renamed keeps its old name
    among its former ones.
    """
    etfs = _upsert(
        cursor,
        "etfs",
        ("code",),
        ETF_COLUMNS,
        market.etfs.select(ETF_COLUMNS).iter_rows(),
        staged=lambda table: _keep_etfs(cursor, table, source),
    )
    etfs += _upsert(cursor, "etfs", ("code",), ("code", "name"), _unlisted_etfs(market, resolved), update=False)
    canonical = stock_canonicals(market.holdings, market.stocks, market.equivalents, _known_codes(cursor))
    stocks = [canonical.get(code, code) for code in market.stocks["code"]]
    stocks += resolved.filter(label="Stock")["canonical"].unique().to_list()
    recoding.make_room(cursor, stocks, graph.nodes)
    securities = _upsert(cursor, "securities", ("code",), SECURITY_COLUMNS, _listed_stocks(market.stocks, canonical))
    securities += _upsert(
        cursor, "securities", ("code",), SECURITY_COLUMNS, _held_securities(market.holdings, resolved), update=False
    )
    codes = {(code, "stock"): target for code, target in canonical.items()}
    codes |= {(isin, "etf"): code for isin, code in market.etfs.select("isin", "code").iter_rows() if isin}
    codes |= {(code, kind): target for code, kind, target in _seen_codes(resolved)}
    rows = [(code, kind, target) for (code, kind), target in sorted(codes.items())]
    securities += _upsert(cursor, "security_codes", ("code", "kind"), ("code", "kind", "canonical"), rows)
    former = _upsert(
        cursor, "etf_former_names", ("code", "name"), ("code", "name"), _former_names(cursor, market.renames)
    )
    if securities:
        _mirror_securities(cursor, graph)
        recoding.follow(cursor, graph.nodes)
    if etfs:
        _mirror_etfs(cursor, graph)
    return bool(etfs or securities or former)


def _upsert(
    cursor: Cursor,
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    rows: Iterable[Sequence],
    *,
    update: bool = True,
    staged: Callable[[sql.Identifier], None] | None = None,
) -> int:
    """Insert rows and, where `update`, replace what differs and is not null; return how many rows that changed.

    `staged` is called with the name of the table of the rows before they are taken over.
    """
    name, staging = sql.Identifier(table), sql.Identifier(f"staged_{table}")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    cursor.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            staging, names, name
        )
    )
    copy_rows(cursor, staging, columns, rows)
    if staged:
        staged(staging)
    values = [column for column in columns if column not in key]
    action = sql.SQL("NOTHING")
    if update and values:
        old = sql.SQL(", ").join(sql.Identifier("t", column) for column in values)
        known = [
            sql.SQL("coalesce({}, {})").format(sql.Identifier("excluded", column), sql.Identifier("t", column))
            for column in values
        ]
        pairs = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column), value)
            for column, value in zip(values, known, strict=True)
        )
        action = sql.SQL("UPDATE SET {} WHERE ({}) IS DISTINCT FROM ({})").format(pairs, old, sql.SQL(", ").join(known))
    cursor.execute(
        sql.SQL("INSERT INTO {} AS t ({}) SELECT {} FROM {} ON CONFLICT ({}) DO {}").format(
            name, names, names, staging, sql.SQL(", ").join(map(sql.Identifier, key)), action
        )
    )
    changed = cursor.rowcount
    cursor.execute(sql.SQL("DROP TABLE {}").format(staging))
    return changed


def _keep_etfs(cursor: Cursor, staged: sql.Identifier, source: str) -> None:
    """Let a list of ETFs leave what is known better, and keep the names that it changes.

    Net assets older than those known are not taken, nor is a name that an ETF has given up: only KRX, which is asked
    for the names of today, may bring that back.
    """
    cursor.execute(
        sql.SQL(
            """
            UPDATE {} AS s
            SET active = coalesce(s.active, t.active),
                aum_krw = CASE WHEN s.aum_date < t.aum_date THEN t.aum_krw ELSE s.aum_krw END,
                aum_date = CASE WHEN s.aum_date < t.aum_date THEN t.aum_date ELSE s.aum_date END,
                name = CASE
                    WHEN %s <> 'krx' AND EXISTS (
                        SELECT FROM etf_former_names AS f
                        WHERE f.code = s.code AND f.name = s.name AND f.until IS NOT NULL
                    )
                    THEN t.name
                    ELSE s.name
                END
            FROM etfs AS t
            WHERE t.code = s.code
            """
        ).format(staged),
        (source,),
    )
    cursor.execute(sql.SQL("UPDATE {} SET active = false WHERE active IS NULL").format(staged))
    # What is known by its code, or as others write its name, was never listed under that.
    cursor.execute(
        sql.SQL(
            """
            INSERT INTO etf_former_names AS f (code, name, until)
            SELECT t.code, t.name, (now() AT TIME ZONE 'Asia/Seoul')::date
            FROM {} AS s
            JOIN etfs AS t ON t.code = s.code AND t.name <> s.name
            WHERE t.company IS NOT NULL OR t.isin IS NOT NULL OR t.listed IS NOT NULL
            ON CONFLICT (code, name) DO UPDATE
            SET until = excluded.until
            """
        ).format(staged)
    )
    cursor.execute(
        sql.SQL("DELETE FROM etf_former_names AS f USING {} AS s WHERE f.code = s.code AND f.name = s.name").format(
            staged
        )
    )


def _known_codes(cursor: Cursor) -> list[tuple[str, str, str]]:
    cursor.execute("SELECT code, kind, canonical FROM security_codes")
    return cursor.fetchall()


def _unlisted_etfs(market: Market, resolved: pl.DataFrame) -> list[tuple[str, str]]:
    """Return code and name of the ETFs that hold or are held without being in any list of ETFs."""
    held = resolved.filter(label="ETF").unique("canonical", keep="first", maintain_order=True)
    names = dict(held.select("canonical", "name").iter_rows())
    holders = {code: names.get(code, code) for code in market.holdings["etf"].unique()}
    return sorted((names | holders).items())


def _listed_stocks(stocks: pl.DataFrame, canonical: dict[str, str]) -> list[tuple]:
    """Return the rows of `securities` for the listed stocks, one for each canonical code."""
    rows: dict[str, tuple] = {}
    for code, isin, name, name_ko, market, industry in stocks.iter_rows():
        target = canonical.get(code, code)
        if target in rows and code != target:
            continue
        korean = market in KOREAN_MARKETS
        plain = readable(name)
        known_isin = isin if isin and ";" not in isin else None
        rows[target] = (
            target,
            "stock",
            plain if korean else (name_ko or plain),
            plain if korean else name_ko,
            None if korean else plain,
            known_isin,
            market,
            industry,
        )
    return sorted(rows.values())


def _held_securities(holdings: pl.DataFrame, resolved: pl.DataFrame) -> list[tuple]:
    """Return the rows of `securities` for what is held, named as most rows name it."""
    uses = holdings.group_by("code", "kind", "name").len()
    names = (
        resolved.filter(pl.col("label") != "ETF")
        .join(uses, on=["code", "kind", "name"])
        .group_by("canonical", "canonical_kind", "name")
        .agg(pl.col("len").sum(), pl.col("code").min())
        .sort("canonical", "len", "name", descending=[False, True, False])
        .unique("canonical", keep="first", maintain_order=True)
    )
    rows = []
    for canonical, kind, name, _, code in names.iter_rows():
        plain = "현금" if kind == "cash" and canonical == "CASH" else readable(name)
        isin = next((c for c in (canonical, code) if ISIN.match(c)), None)
        market = canonical.rpartition(" ")[2] if kind == "stock" and " " in canonical else None
        english = plain if kind == "stock" and plain.isascii() else None
        rows.append((canonical, kind, plain, None if english else plain, english, isin, market, None))
    return rows


def readable(name: str) -> str:
    """Return a security's name without the marks that sources put before it."""
    return NAME_MARK.sub("", name).strip() or name


def _seen_codes(resolved: pl.DataFrame) -> Iterable[tuple[str, str, str]]:
    """Return code, kind and canonical of every code that means one security; what goes by its name has none."""
    seen = resolved.filter(~pl.col("code").is_in(PLACEHOLDERS)).select("code", "kind", "canonical").unique()
    return seen.filter(pl.struct("code", "kind").is_unique()).iter_rows()


def _former_names(cursor: Cursor, renames: pl.DataFrame) -> list[tuple[str, str]]:
    cursor.execute("SELECT code, name FROM etfs")
    current = dict(cursor.fetchall())
    present = [column for column in FORMER_NAMES if column in renames.columns]
    return sorted(
        {
            (code, name)
            for code, *names in renames.select("etf_code", *present).iter_rows()
            for name in names
            if name and name != current.get(code)
        }
    )


def _mirror_securities(cursor: Cursor, graph: Graph) -> None:
    cursor.execute("SELECT code, kind, name, name_en, isin, market, industry FROM securities")
    securities = cursor.fetchall()
    stocks = {
        code: {"code": code, "name": name, "name_en": english, "isin": isin, "market": market}
        for code, kind, name, english, isin, market, _ in securities
        if kind == "stock"
    }
    assets = {row[0]: {"code": row[0], "name": row[2], "kind": row[1]} for row in securities if row[1] != "stock"}
    for label, wanted in (("Stock", stocks), ("Asset", assets)):
        graph.nodes[MARKET, label].sync(cursor, wanted)
        graph.nodes[HISTORY, label].sync(
            cursor, {code: {"code": code, "name": values["name"]} for code, values in wanted.items()}
        )
    industries = {row[0]: row[6] for row in securities if row[1] == "stock" and row[6]}
    _link(cursor, graph, "Stock", "IN_INDUSTRY", "Industry", {code: [name] for code, name in industries.items()})


def _mirror_etfs(cursor: Cursor, graph: Graph) -> None:
    cursor.execute(
        """
        SELECT code, name, isin, fee_pct::float8, aum_krw, listed::text, active, leverage, replication, asset_class,
               company, index_name, brand, category, index_market
        FROM etfs
        """
    )
    etfs = cursor.fetchall()
    names = ("code", "name", "isin", "fee", "aum", "listed", "active", "leverage", "replication", "asset_class")
    nodes = graph.nodes[MARKET, "ETF"]
    wanted = {}
    for row in etfs:
        before = nodes.properties.get(row[0], {})
        wanted[row[0]] = dict(zip(names, row, strict=False)) | {n: before[n] for n in DATED if n in before}
    nodes.sync(cursor, wanted)
    graph.nodes[HISTORY, "ETF"].sync(cursor, {row[0]: {"code": row[0], "name": row[1]} for row in etfs})
    _link(cursor, graph, "ETF", "MANAGED_BY", "Company", {row[0]: [row[10]] for row in etfs if row[10]})
    _link(cursor, graph, "ETF", "TRACKS", "Index", {row[0]: [row[11]] for row in etfs if row[11]})
    tags = {row[0]: tags_for(_tidy(row)) for row in etfs}
    themes = {tag: theme for pairs in tags.values() for tag, theme in pairs}
    _link(
        cursor, graph, "ETF", "TAGGED", "Tag", {code: [tag for tag, _ in pairs] for code, pairs in tags.items()}, themes
    )


def _tidy(row: tuple) -> dict[str, object]:
    """Return an ETF under the column names of etfs.csv, which the rules of tags.yaml are written in."""
    return {
        "name_ko": row[1],
        "is_active": "Y" if row[6] else "N",
        "leverage_type": row[7],
        "replication": row[8],
        "asset_class": row[9],
        "underlying_index": row[11],
        "brand": row[12],
        "provider_category": row[13],
        "index_market": row[14],
    }


def _link(
    cursor: Cursor,
    graph: Graph,
    start: str,
    edge: str,
    end: str,
    targets: dict[str, list[str]],
    themes: dict[str, str] | None = None,
) -> None:
    """Make the edges of one type from every node of `start` exactly those to the nodes named in `targets`."""
    ends = Nodes(cursor, MARKET, end, graph.numbers[MARKET, end])
    names = sorted({name for named in targets.values() for name in named})
    extra = {name: {"theme": themes[name]} if themes else {} for name in names}
    ends.sync(cursor, {name: {"name": name} | extra[name] for name in names})
    starts = graph.nodes[MARKET, start].ids
    pairs = {(starts[code], ends.ids[name]) for code, named in targets.items() for name in named}
    sync_edges(cursor, MARKET, edge, starts.values(), pairs)
    cursor.execute(
        sql.SQL("DELETE FROM {} AS n WHERE NOT EXISTS (SELECT FROM {} AS e WHERE e.end_id = n.id)").format(
            sql.Identifier(MARKET, end), sql.Identifier(MARKET, edge)
        )
    )
