"""Questions whose answer is groups of ETFs: managers, themes or indexes, by number, size or fee of their ETFs."""

from __future__ import annotations

from dataclasses import dataclass

from agent.reading import wording
from agent.reading.conditions import Condition, direction, limit, places, rank, singular
from agent.reading.filters import select
from agent.reading.plan import Plan, Query, Reply, Steps, table
from agent.reading.question import Reader
from agent.reading.selection import Selection

_ALL = 1000
_GROUPS = {
    "manager": ("MANAGED_BY", "Company", "운용사", "manager"),
    "tag_word": ("TAGGED", "Tag", "테마", "theme"),
    "index_word": ("TRACKS", "Index", "지수", "index"),
}  # fmt: skip
_OTHERS = (
    "buy", "sell", "new", "out", "increase", "decrease", "trade", "date", "return", "rise", "fall", "premium", "price", "nav", "similar", "overlap",
    "undenied", "pronoun",
)  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """Which groups of which ETFs, ranked by what."""

    group: str
    chosen: Selection
    measure: str
    descending: bool
    limit: int | None
    single: bool
    skip: int = 0
    bounds: tuple[Condition, ...] = ()

    @property
    def english(self) -> bool:
        return self.chosen.english

    @property
    def noun(self) -> str:
        return _GROUPS[self.group][3 if self.english else 2]

    def matched(self) -> str:
        """The Cypher up to one ETF and its group a row."""
        edge, label, *_ = _GROUPS[self.group]
        return f"{self.chosen.cypher()}\nMATCH (e)-[:{edge}]->(g:{label})"

    def bounded(self) -> str:
        """The condition on a group's number of ETFs, behind the WITH that counts them; empty where there is none."""
        return f"WHERE {' AND '.join(one.cypher('etfs') for one in self.bounds)}\n" if self.bounds else ""


def read(reader: Reader) -> Plan | None:
    """Managers, themes or indexes of ETFs; None when they are not what is asked for."""
    if reader.find("etf") or reader.has(*_OTHERS):
        return None
    group = _group(reader)
    if group is None:
        return None
    one, place = singular(reader), rank(reader)
    count, said = limit(reader, None)
    counted = _counts_groups(reader, group)
    ordered = direction(reader)
    measure = "aum" if reader.take("aum", "market_cap") else "fee" if reader.take("fee", "cost") else "etfs"
    averaged = reader.take("average")
    bounds = _bounds(reader)
    chosen = select(reader)
    reader.take(
        group, "where", "manage", "etf_word", "count", "hold", "exist", "list", "rank", "all", "sum", "weight", "stock_word", "by_group", "name",
        "compare", "track", "manager", "percent_word", "main", "recent",
    )  # fmt: skip
    if counted:
        return Plan(f"{group}_count", lambda: _count(_Asked(group, chosen, measure, True, None, False, bounds=bounds)))
    del averaged  # The fee of a group is an average in any case.
    single = (one or place is not None) and not said
    count = 1 if place else count
    skipped = (place or 1) - 1
    if between := places(reader):
        skipped, count, single = between[0] - 1, between[1] - between[0] + 1, False
    asked = _Asked(group, chosen, measure, ordered is not False, count, single, skipped, bounds)
    return Plan(f"{group}_ranking", lambda: _ranking(asked))


def _group(reader: Reader) -> str | None:
    """Which groups are asked for: a word for them that is no filter's own."""
    something = reader.has(
        "etf_word", "hold", "by_group", "count", "list", "rank", "aum", "most", "fee", "sum", "average"
    )
    if (
        not reader.find("company")
        and (reader.has("manager") or (reader.has("where") and reader.has("manage")))
        and something
    ):
        return "manager"
    if (
        not reader.find("tag", "stock")
        and reader.has("tag_word")
        and something
        and not reader.has("domestic", "overseas")
    ):
        return "tag_word"
    if not reader.find("index", "stock") and reader.has("index_word") and something:
        return "index_word"
    return None


def _bounds(reader: Reader) -> tuple[Condition, ...]:
    """`ETF가 10개 미만인 운용사`: how many ETFs a group has to have. Explains the numbers right behind the word for ETFs."""
    found = []
    for token in reader.quantities("count"):
        before, wanted = reader.before(token), token.value
        of_etfs = before is not None and before.kind == "etf_word" and not reader.question.english
        if of_etfs and wanted.operator and not wanted.about and not token.used:
            token.used = True
            found.append(Condition("etfs", wanted.operator, wanted.value, wanted.high, token.start))
    return tuple(found)


def _counts_groups(reader: Reader, group: str) -> bool:
    """`운용사가 몇 곳이야`: the count stands behind the group's word and no ETF between them."""
    if reader.has("by_group", "most", "big", "small") or any(
        not token.value.operator for token in reader.quantities("count")
    ):
        return False
    place, count = reader.position(group), reader.position("count")
    if reader.question.english:
        # `How many themes`, and not `themes by number of ETFs`.
        return 0 <= count == place - 1
    if place < 0 or count < place:
        return False
    return not any(token.kind == "etf_word" for token in reader.tokens[place:count])


def _count(asked: _Asked) -> Steps:
    column = f"{asked.noun}s" if asked.english else f"{asked.noun} 수"
    counted = f"WITH g, count(DISTINCT e.code) AS etfs\n{asked.bounded()}" if asked.bounds else ""
    result = yield Query(f"{asked.matched()}\n{counted}RETURN count(DISTINCT g.name) AS `{column}`")
    count = result.rows[0][0] if result.rows else 0
    shown = [table(column, result)]
    described = asked.chosen.described()
    if asked.english:
        return Reply(f"There are **{count}** {asked.noun}s of {described}.", shown)
    if asked.bounds:
        return Reply(f"{_bounded_words(asked)} **{count}{'곳' if asked.group == 'manager' else '개'}**입니다.", shown)
    if asked.group == "manager":
        return Reply(f"{wording.with_particle(described, '을를')} 운용하는 회사는 **{count}곳**입니다.", shown)
    return Reply(f"{described}의 {wording.with_particle(asked.noun, '은는')} **{count}개**입니다.", shown)


def _bounded_words(asked: _Asked) -> str:
    limits = " ".join(condition.words("개") for condition in asked.bounds)
    return f"{wording.with_particle(asked.chosen.described(), '이가')} {limits}인 {wording.with_particle(asked.noun, '은는')}"


def _ranking(asked: _Asked) -> Steps:
    names = ("ETF 수", "순자산 합계(원)", "평균 총보수(연 %)")
    if asked.english:
        names = ("ETFs", "net assets (KRW)", "average fee (%)")
    way = "DESC" if asked.descending else "ASC"
    skip = f"\nSKIP {asked.skip}" if asked.skip else ""
    result = yield Query(
        f"{asked.matched()}\n"
        "WITH g, count(DISTINCT e.code) AS etfs, sum(e.aum) AS aum, avg(e.fee) AS fee\n"
        f"{asked.bounded()}RETURN g.name AS `{asked.noun}`, etfs AS `{names[0]}`, aum AS `{names[1]}`, round(fee, 3) AS `{names[2]}`\n"
        f"ORDER BY {asked.measure} IS NULL, {asked.measure} {way}, g.name{skip}\nLIMIT {asked.limit or _ALL}"
    )
    described = asked.chosen.described()
    if not result.rows and asked.bounds:
        return Reply(f"{_bounded_words(asked)} 없습니다.")
    if not result.rows:
        text = (
            f"There are no {described}."
            if asked.english
            else f"자료에 {wording.with_particle(described, '이가')} 없습니다."
        )
        return Reply(text)
    name, etfs, aum, fee = result.rows[0]
    shown = [table(f"{asked.noun}: {described}", result)]
    if asked.english:
        size = wording.amount(aum, True)
        return Reply(
            f"**{name}** comes first of {len(result.rows)} {asked.noun}s of {described}: {etfs} ETFs, {size}.", shown
        )
    figure = {"etfs": f"{etfs}개", "aum": wording.amount(aum), "fee": wording.fee(fee)}[asked.measure]
    what = {"etfs": f"{described} 수가", "aum": f"{described}의 순자산 합계가", "fee": f"{described}의 평균 보수가"}[
        asked.measure
    ]
    high, low = {"etfs": ("많은", "적은"), "aum": ("큰", "작은"), "fee": ("높은", "낮은")}[asked.measure]
    which = f"{asked.skip + 1}번째로" if asked.skip else "가장"
    lead = f"{what} {which} {high if asked.descending else low} {wording.with_particle(asked.noun, '은는')} **{name}**({figure})입니다."
    if asked.bounds:
        lead = f"{_bounded_words(asked)[:-1]} 가운데 {lead}"
    if asked.single:
        return Reply(lead, shown)
    listed = wording.listed([f"{row[0]}({row[1]}개)" for row in result.rows], 8)
    if asked.bounds and asked.limit is None:
        return Reply(
            f"{_bounded_words(asked)} **{len(result.rows)}{'곳' if asked.group == 'manager' else '개'}**입니다: {listed}.",
            shown,
        )
    return Reply(f"{lead} 모두 {len(result.rows)}곳: {listed}.", shown)
