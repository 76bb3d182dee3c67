"""Questions about properties of named ETFs: fee, size, listing date, manager, index, and what a fee costs."""

from __future__ import annotations

from agent.answer import Table
from agent.reading import wording
from agent.reading.conditions import direction
from agent.reading.plan import Plan, Query, Reply, Steps, literals, table
from agent.reading.question import Reader, Subject
from agent.reading.surpassing import surpassed_etf

# token kind → (Cypher, Korean column, English column)
_ATTRIBUTES = {
    "fee": ("e.fee", "총보수(연 %)", "fee (% a year)"),
    "aum": ("e.aum", "순자산(원)", "net assets (KRW)"),
    "listed": ("e.listed", "상장일", "listed"),
    "manager": ("m.name", "운용사", "manager"),
    "index_word": ("i.name", "기초지수", "index"),
    "asset_class": ("e.asset_class", "자산 유형", "asset class"),
    "leverage_type": ("e.leverage", "레버리지 유형", "leverage"),
    "replication": ("e.replication", "복제 방법", "replication"),
    "isin": ("e.isin", "ISIN", "ISIN"),
    "code": ("e.code", "코드", "code"),
    "tag_word": ("tags", "테마", "themes"),
    "active": ("e.active", "액티브", "active"),
    "data_date": ("e.holdings_date", "구성 기준일", "holdings date"),
}
_ALL = (
    "fee",
    "aum",
    "listed",
    "manager",
    "index_word",
    "asset_class",
    "leverage_type",
    "replication",
    "active",
    "isin",
    "tag_word",
    "data_date",
)
_SAME = {"market_cap": "aum", "manage": "manager", "where": "manager", "track": "index_word", "passive": "active", "leverage": "leverage_type",
         "inverse": "leverage_type", "inverse2": "leverage_type", "synthetic": "replication", "physical": "replication",
         "equity_class": "asset_class", "bond_class": "asset_class"}  # fmt: skip
_NAMES = {"fee": "총보수", "aum": "순자산", "listed": "상장일", "manager": "운용사", "index_word": "기초지수", "asset_class": "자산 유형",
          "leverage_type": "레버리지 유형", "replication": "복제 방법", "isin": "ISIN", "code": "종목 코드", "tag_word": "테마", "active": "운용 방식",
          "data_date": "구성 기준일"}  # fmt: skip


def read(reader: Reader) -> Plan | None:
    """Properties of one or more ETFs, compared where one of them is wanted; None when it is about something else."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    if (
        not etfs
        or surpassed_etf(reader) is not None
        or reader.find("stock", "company", "index", "tag")
        or reader.has("date", "return", "similar", "overlap", "trend", "concentration", "stock_count")
    ):
        return None
    if reader.has("hold") and not (
        reader.has("asset_class", "tag_word", "invest", "cost") or reader.quantities("amount")
    ):
        return None
    if reader.has("holdings") and not reader.has("data_date"):
        return None
    amounts = reader.quantities("amount")
    if amounts or reader.has("invest", "cost"):
        return _cost(reader, etfs)
    wanted = [_SAME.get(token.kind, token.kind) for token in reader.find(*_ATTRIBUTES, *_SAME)]
    wanted = list(dict.fromkeys(kind for kind in wanted if kind in _ATTRIBUTES))
    if "manager" in wanted and reader.has("where") and len(wanted) > 1 and not reader.has("manager", "manage"):
        wanted.remove("manager")
    if not wanted and len(etfs) > 1 and reader.has("big", "small"):
        # `어느 게 더 커?` without a measure asks for the size, `더 싸?` for the fee.
        cheap = any(
            token.text.startswith(("싼", "싸", "저렴", "비싸", "비싼", "cheap", "착한"))
            for token in reader.find("big", "small")
        )
        wanted = ["fee" if cheap else "aum"]
    if not wanted and len(etfs) > 1 and reader.has("compare"):
        wanted = ["fee", "aum", "listed", "manager", "index_word"]
    if not wanted and reader.has("oldest", "newest"):
        wanted = ["listed"]
    general = reader.take("attribute_all")
    if not wanted and (general or _asks_what_it_is(reader)):
        wanted = list(_ALL)
        reader.take("what", "name", "compare")
        return _described(reader, etfs, wanted)
    if not wanted:
        return None
    ranked = reader.has("big", "small", "oldest", "newest", "most")
    descending = direction(reader)
    for token in reader.quantities("years"):
        # A fee is a yearly one.
        token.used = token.used or ("fee" in wanted and token.value.value == 1)
    if any(token.value.kind != "multiple" for token in reader.find("quantity") if not token.used):
        return None
    multiples = reader.quantities("multiple")
    for token in multiples:
        token.used = True
    newest = reader.has("newest")
    # `KODEX 200 말고 TIGER 200`: what is not meant is said for nothing.
    reader.subjects("etf", negative=None)
    reader.take(*_ATTRIBUTES, *_SAME, "compare", "when", "etf_word", "list", "exist", "either", "newest", "oldest", "new", "name", "all", "together",
                "both", "same", "total", "now", "percent_word", "only", "cost", "hold", "holdings", "stock_word", "recent", "asset_word", "premium_no", "best_word")  # fmt: skip
    order = wanted[0] if ranked and len(etfs) > 1 else None
    if order == "listed":
        descending = newest
    apart = len(etfs) == 2 and any(token.text.startswith(("차이", "difference")) for token in reader.find("compare"))
    return Plan(
        "attributes", lambda: _steps(etfs, wanted, order, descending is not False, reader.question.english, apart)
    )


def _asks_what_it_is(reader: Reader) -> bool:
    """Nothing but the ETF's name and words that ask what it is."""
    rest = [
        token
        for token in reader.tokens
        if token.kind
        not in ("filler", "confirm", "etf", "etf_word", "what", "exist", "how_much", "name", "list", "code", "now")
    ]
    return not rest


def _described(reader: Reader, etfs: list[Subject], wanted: list[str]) -> Plan:
    reader.subjects("etf")
    reader.take("etf_word", "code")
    return Plan("profile", lambda: _steps(etfs, wanted, None, True, reader.question.english))


def _query(etfs: list[Subject], wanted: list[str], english: bool) -> Query:
    lines = ["MATCH (e:ETF)", f"WHERE e.code IN {literals(etf.key for etf in etfs)}"]
    if "manager" in wanted:
        lines.append("OPTIONAL MATCH (e)-[:MANAGED_BY]->(m:Company)")
    if "index_word" in wanted:
        lines.append("OPTIONAL MATCH (e)-[:TRACKS]->(i:Index)")
    if "tag_word" in wanted:
        carried = ["e", *(["m"] if "manager" in wanted else []), *(["i"] if "index_word" in wanted else [])]
        lines += ["OPTIONAL MATCH (e)-[:TAGGED]->(t:Tag)", f"WITH {', '.join(carried)}, collect(t.name) AS tags"]
    columns = ["e.name AS ETF", f"e.code AS `{'code' if english else '코드'}`"]
    columns += [f"{_ATTRIBUTES[kind][0]} AS `{_ATTRIBUTES[kind][1 + english]}`" for kind in wanted if kind != "code"]
    lines += [f"RETURN {', '.join(columns)}", "ORDER BY e.code"]
    return Query("\n".join(lines))


def _steps(
    etfs: list[Subject], wanted: list[str], order: str | None, descending: bool, english: bool, apart: bool = False
) -> Steps:
    result = yield _query(etfs, wanted, english)
    rows = {row["code" if english else "코드"]: row for row in result.dicts()}
    missing = [etf.name for etf in etfs if etf.key not in rows]
    if missing:
        return Reply(f"{', '.join(missing)}의 자료가 없습니다.", status="refused")
    shown = table(", ".join(etf.name for etf in etfs), result)
    shown.rows[:] = [
        [", ".join(sorted(map(str, cell))) if isinstance(cell, list) else cell for cell in row] for row in shown.rows
    ]
    sentences = []
    tables = [shown]
    if apart and (between := _apart(etfs, rows, wanted, english)):
        sentences.append(between[0])
        tables.append(between[1])
    if order:
        sentences.append(_best(etfs, rows, order, descending, english))
    for etf in etfs:
        sentences += [_sentence(etf, kind, rows[etf.key], english) for kind in wanted]
    if len(wanted) > 3:
        sentences = [_profile(etf, rows[etf.key], english) for etf in etfs]
    known = [rows[etf.key].get(_ATTRIBUTES[kind][1 + english]) for etf in etfs for kind in wanted if kind != "code"]
    status = "answered" if "code" in wanted or any(value is not None for value in known) else "refused"
    return Reply(" ".join(sentences), tables, status=status)


def _apart(etfs: list[Subject], rows: dict, wanted: list[str], english: bool) -> tuple[str, Table] | None:
    """How far two ETFs are apart in fee and size."""
    said, columns, cells = [], [], []
    for kind in wanted:
        column = _ATTRIBUTES[kind][1 + english]
        values = [rows[etf.key].get(column) for etf in etfs] if kind in ("fee", "aum") else [None]
        if None in values:
            continue
        gap = round(abs(values[0] - values[1]), 4) if kind == "fee" else abs(values[0] - values[1])
        shown = f"{gap:.3f}%p" if kind == "fee" else wording.amount(gap, english)
        said.append(f"{_ATTRIBUTES[kind][2]} **{shown}**" if english else f"{_NAMES[kind]} 차이는 **{shown}**")
        columns.append(
            f"difference in {column}" if english else column.replace("(연 %)", " 차이(%p)").replace("(원)", " 차이(원)")
        )
        cells.append(gap)
    if not cells:
        return None
    text = f"They are apart by {', '.join(said)}." if english else f"{', '.join(said)}입니다."
    return text, Table("difference" if english else "차이", columns, [cells])


def _value(kind: str, value: object, english: bool) -> str:
    if kind == "fee":
        return f"연 {wording.fee(value)}" if not english else f"{wording.fee(value)} a year"  # type: ignore[arg-type]
    if kind == "aum":
        return wording.amount(value, english)  # type: ignore[arg-type]
    if kind == "active":
        return (
            {True: "액티브", False: "패시브"}.get(value, "알 수 없음")
            if not english
            else {True: "active", False: "passive"}.get(value, "unknown")
        )  # type: ignore[call-overload]
    if isinstance(value, list):
        return ", ".join(sorted(map(str, value))) or "-"
    return str(value)


def _sentence(etf: Subject, kind: str, row: dict, english: bool) -> str:
    value = etf.key if kind == "code" else row[_ATTRIBUTES[kind][1 + english]]
    name = _NAMES[kind]
    if value is None:
        if english:
            return f"The data has no {_ATTRIBUTES[kind][2]} for {etf.name}."
        return f"{etf.name}의 {wording.with_particle(name, '은는')} 자료에 없습니다."
    if english:
        return f"{etf.name}: {_ATTRIBUTES[kind][2].split(' (')[0]} **{_value(kind, value, True)}**."
    former = f" (옛 이름 {etf.mention})" if etf.source == "former" else ""
    return f"{etf.name}{former}의 {wording.with_particle(name, '은는')} **{_value(kind, value, False)}**입니다."


def _profile(etf: Subject, row: dict, english: bool) -> str:
    def value(kind: str) -> str | None:
        found = row.get(_ATTRIBUTES[kind][1 + english])
        return None if found is None else _value(kind, found, english)

    if english:
        facts = [f"{_ATTRIBUTES[kind][2].split(' (')[0]} {value(kind)}" for kind in _ALL if value(kind)]
        return f"**{etf.name}** ({etf.key}): {'; '.join(facts)}."
    facts = [f"{_NAMES[kind]} {value(kind)}" for kind in _ALL if value(kind)]
    return f"{wording.with_particle(f'{etf.key}', '은는')} **{etf.name}**입니다. {', '.join(facts)}."


def _best(etfs: list[Subject], rows: dict, order: str, descending: bool, english: bool) -> str:
    column = _ATTRIBUTES[order][1 + english]
    known = [(rows[etf.key][column], etf) for etf in etfs if rows[etf.key][column] is not None]
    if not known:
        return f"{_NAMES[order]} 자료가 없어 비교할 수 없습니다."
    best = (max if descending else min)(value for value, _ in known)
    winners = [etf.name for value, etf in known if value == best]
    joined = ", ".join(winners)
    if len(winners) == len(known) > 1:
        return (
            f"{wording.with_particle(joined, '은는')} {wording.with_particle(_NAMES[order], '이가')} 같습니다."
            if not english
            else f"{joined} are equal."
        )
    words = {("fee", False): "보수가 가장 낮은 것은", ("fee", True): "보수가 가장 높은 것은", ("aum", True): "순자산이 가장 큰 것은",
             ("aum", False): "순자산이 가장 작은 것은", ("listed", True): "가장 늦게 상장한 것은", ("listed", False): "가장 먼저 상장한 것은"}  # fmt: skip
    if english:
        return f"**{joined}** {'has the highest' if descending else 'has the lowest'} {_ATTRIBUTES[order][2]}."
    return f"{words.get((order, descending), '첫째는')} **{joined}**입니다."


def _cost(reader: Reader, etfs: list[Subject]) -> Plan | None:
    """What the fee of an ETF comes to for an amount over some years."""
    amounts = reader.quantities("amount")
    if not reader.has("fee", "cost"):
        return None
    reader.take("hold", "manage", "buy", "percent_word")
    if len(amounts) != 1 or amounts[0].value.foreign:
        return None
    years = reader.quantities("years", "number")
    spans = [token.value.value for token in years if token.value.kind == "years"]
    for token in [*amounts, *[token for token in years if token.value.kind == "years"]]:
        token.used = True
    reader.subjects("etf")
    reader.take(
        "fee", "cost", "invest", "compare", "etf_word", "each", "date_no", "sum", "buy", "hold", "day", "period_word"
    )
    direction(reader)
    length = spans[0] if spans else 1.0
    return Plan("fee_cost", lambda: _cost_steps(etfs, amounts[0].value.value, length, reader.question.english))


def _cost_steps(etfs: list[Subject], amount: float, years: float, english: bool) -> Steps:
    result = yield _query(etfs, ["fee"], english)
    column = _ATTRIBUTES["fee"][1 + english]
    rows, sentences = [], []
    for row in result.dicts():
        known = row[column] is not None
        cost = round(amount * row[column] / 100 * years) if known else None
        rows.append([row["ETF"], row["code" if english else "코드"], row[column], cost])
        if not known:
            sentences.append(f"{row['ETF']}의 총보수는 자료에 없어 비용을 계산할 수 없습니다.")
        elif english:
            sentences.append(
                f"{row['ETF']}: {row[column]:.3f}% of KRW {amount:,.0f} for {years:g} years is about **KRW {cost:,}**."
            )
        else:
            sentences.append(
                f"{row['ETF']}에 {wording.krw(amount)}을 {years:g}년 두면 총보수(연 {row[column]:.3f}%)로 약 **{cost:,}원**이 나갑니다."
            )
    note = (
        " 원금이 그대로라고 보고 단순히 곱한 값입니다."
        if not english
        else " A simple product that assumes the amount stays the same."
    )
    columns = (
        ["ETF", "코드", "총보수(연 %)", f"{years:g}년 비용(원)"]
        if not english
        else ["ETF", "code", "fee (% a year)", f"cost over {years:g} years (KRW)"]
    )
    status = "answered" if any(row[3] is not None for row in rows) else "refused"
    return Reply(
        " ".join(sentences) + (note if status == "answered" else ""), [Table("보수 비용", columns, rows)], status=status
    )


__all__ = ["read", "table"]
