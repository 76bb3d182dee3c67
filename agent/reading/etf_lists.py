"""Questions whose answer is a set of ETFs: filtered, ranked, counted or summed up. `list_answers` carries them out."""

from __future__ import annotations

from agent.reading import wording
from agent.reading.conditions import DOWNWARD, UPWARD, Unclear, direction, limit, rank, singular
from agent.reading.filters import MEASURES, select
from agent.reading.holdings import held_by_etfs
from agent.reading.list_answers import SHOWN, Wanted, answer_count, answer_list, answer_sum
from agent.reading.plan import Plan, literal
from agent.reading.question import Reader
from agent.reading.selection import PROPERTIES, Selection
from agent.reading.surpassing import surpass, surpassed_etf

RANKED_ROWS = 10
_MEASURE_OF = {
    "fee": "fee", "aum": "aum", "market_cap": "aum", "listed": "listed", "premium": "premium", "price": "close", "nav": "nav",
    "concentration": "concentration", "asset_class": "asset_class", "leverage_type": "leverage", "replication": "replication",
    "isin": "isin", "stock_count": "holdings", "cost": "fee", "large_cap": "aum", "small_cap": "aum",
}  # fmt: skip
_CHEAP = ("싼", "싸", "저렴", "비싸", "비싼", "쌌", "비쌌", "cheap", "착한", "most expensive", "expensive")
# Words of other families.
_OTHERS = (
    "buy", "sell", "new", "out", "increase", "decrease", "trade", "similar", "invest", "return", "rise", "fall", "trend", "first_time",
    "industry_word", "volume", "asset_mix", "market_mix", "by_group", "then_now", "day_count", "day", "trading_day", "undenied",
    "data_date", "pronoun",
)  # fmt: skip
_LIGHT = (
    "hold", "exist", "both", "together", "only", "all", "list", "now", "name", "code", "rank", "where", "manage", "recent",
    "main", "compare", "asset_word", "overlap", "tag_word",
)  # fmt: skip


def read(reader: Reader) -> Plan | None:
    """ETFs by holdings, manager, theme, index, property, size, fee or age; None when the question asks for something else."""
    if not _asks_for_etfs(reader):
        return None
    holds_etfs = _holds_etfs(reader)
    other = surpassed_etf(reader)
    left_out = bool(reader.find("etf", negative=True)) and not reader.find("etf", negative=False)
    if reader.find("etf") and other is None and not (left_out and not reader.has("hold")) and not held_by_etfs(reader):
        return None
    if _asks_for_the_top_holding(reader):
        return None
    named = _name_contains(reader)
    if any(token.negative for token in reader.find("etf", "company", "tag")):
        reader.take("other")
    chosen = select(reader, counts=True)
    if named:
        chosen.wheres.append(f"e.name CONTAINS {literal(named)}")
        chosen.words.insert(
            0, f"named {named}" if chosen.english else f"이름에 {wording.with_particle(named, '이가')} 들어간"
        )
    if other is not None:
        surpass(reader, chosen, other)
    _count_holdings(reader, chosen, holds_etfs)
    reader.take(*_LIGHT)
    if reader.has("count") and reader.has("sum", "average") and reader.has("aum", "market_cap", "fee"):
        # The sum tells how many were added up.
        reader.take("count", "compare")
        return _summed(reader, chosen)
    if reader.take("count"):
        reader.take("sum", *[kind for kind, measure in MEASURES.items() if measure in _conditioned(chosen)])
        return Plan("etfs_count", lambda: answer_count(chosen))
    added_up = any(not token.used for token in reader.find("sum"))
    if reader.has("average") or (added_up and not reader.quantities("count")):
        return _summed(reader, chosen)
    wanted = _wanted(reader, chosen)
    if wanted.order is None and not wanted.measures:
        if chosen.is_everything and not reader.has("etf_word"):
            return None
        wanted.order = "aum"
    return Plan(f"etfs_{wanted.order or 'list'}", lambda: answer_list(chosen, wanted))


def _conditioned(chosen: Selection) -> set[str]:
    return {condition.measure for condition in chosen.conditions} | ({chosen.surpassed} if chosen.surpassed else set())


def _asks_for_etfs(reader: Reader) -> bool:
    if reader.has(*_OTHERS) or (reader.has("manager") and not reader.find("company")):
        return False
    if reader.has("etf_word", "etf_set"):
        if reader.has("stock_word", "holdings") and reader.head("etf_word", "stock_word", "holdings") != "etf_word":
            # `ETF가 많이 담은 종목` asks for stocks.
            return bool(reader.quantities("count") and reader.has("concentration", "sum"))
        return True
    stocks = reader.find("stock")
    filters = reader.find("company", "tag", "index", "active", "leverage", "inverse", "inverse2", "synthetic")
    if reader.find("etf") or reader.has("stock_word", "holdings"):
        return False
    if stocks:
        return reader.has("hold") or bool(reader.quantities("percent")) or (bool(filters) and not _lacks_order(reader))
    if reader.has("hold") and not reader.has("etf_held"):
        # Something that is no ETF, and what it holds: not a list of ETFs.
        return False
    return bool(filters) or _has_thresholds(reader)


def _has_thresholds(reader: Reader) -> bool:
    """`총보수 1% 이상`: a threshold on a figure of ETFs asks for those that meet it."""
    return any(token.value.operator for token in reader.quantities("percent", "amount")) and reader.has(
        "fee", "aum", "premium"
    )


def _asks_for_the_top_holding(reader: Reader) -> bool:
    """`삼성전자가 1위 종목인 ETF`: those of which it is the largest holding, and not the one that holds most of it."""
    tokens = [token.kind for token in reader.tokens]
    if not reader.find("stock") or "stock_word" not in tokens:
        return False
    place = tokens.index("stock_word")
    return any(kind in ("rank_one", "most", "best_word") for kind in tokens[max(0, place - 3) : place]) or any(
        token.value.kind in ("rank", "count")
        for token in reader.tokens[max(0, place - 1) : place]
        if token.kind == "quantity"
    )


def _name_contains(reader: Reader) -> str:
    """`이름에 조선 들어간 ETF`: the word itself, whatever else it means; empty where no name is asked about."""
    place = next((i for i, t in enumerate(reader.tokens) if t.kind == "name" and t.particle.startswith("에")), None)
    if place is None:
        return ""
    word = reader.tokens[place + 1] if place + 1 < len(reader.tokens) else None
    if word is None or word.kind not in ("tag", "stock", "company", "index", "active", "leverage", "inverse"):
        raise Unclear("이름에 들어갈 말을 알려 주세요. 예: 이름에 조선이 들어간 ETF", "Which word in the name?")
    word.kind, word.used = "filler", True
    return word.text


def _lacks_order(reader: Reader) -> bool:
    """A figure of a stock beside a theme, and nothing that makes a list of it: `미국에 상장된 SPY 보수`."""
    return reader.has("fee", "aum", "listed") and not reader.has(*UPWARD, *DOWNWARD, "most", "list", "count", "exist")


def _holds_etfs(reader: Reader) -> bool:
    """`ETF를 담은 ETF`: the word stands twice around a verb of holding."""
    words = reader.find("etf_word")
    if reader.find("stock", "etf"):
        return False
    if reader.has("etf_held") and reader.has("hold"):
        reader.take("etf_held")
        return True
    if len(words) >= 2 and reader.has("hold"):
        first, last = (next(i for i, t in enumerate(reader.tokens) if t is word) for word in (words[0], words[-1]))
        between = reader.tokens[first + 1 : last]
        return any(token.kind == "hold" for token in between)
    return False


def _count_holdings(reader: Reader, chosen: Selection, holds_etfs: bool) -> None:
    if holds_etfs:
        column = "weight in ETFs (%)" if chosen.english else "ETF 비중(%)"
        chosen.weigh("etf_weight", column, f"({chosen.start})-[h:HOLDS]->(x:ETF)", "x.code <> ''")
        chosen.holds.append("other ETFs" if chosen.english else "다른 ETF")
        return
    counts = [condition for condition in chosen.conditions if condition.measure == "holdings"]
    if counts or reader.has("stock_count") or _ranks_by_holdings(reader):
        chosen.count_holdings()
        for condition in counts:
            chosen.wheres.append(condition.cypher("holdings"))
            chosen.words.insert(
                0, f"종목 수 {condition.words('개')}" if not chosen.english else f"{condition.value:g} stocks"
            )
    if any(condition.measure == "concentration" for condition in chosen.conditions):
        raise Unclear("집중도로 ETF를 거르는 것은 할 수 없습니다. 집중도가 높은 순서로는 보여 드릴 수 있습니다.")


def _ranks_by_holdings(reader: Reader) -> bool:
    """`종목을 가장 많이 담은 ETF`."""
    other = reader.has("weight", "fee", "aum", "concentration", "listed", "premium", "sum") or reader.find("stock")
    return not other and reader.has("stock_word", "holdings") and reader.has("big", "small", "most")


def _wanted(reader: Reader, chosen: Selection) -> Wanted:
    mentioned = list(dict.fromkeys(_MEASURE_OF[token.kind] for token in reader.find(*_MEASURE_OF)))
    concentrated = "concentration" in mentioned or _sums_the_top(reader)
    newest, oldest = _asks_for_the_newest(reader, chosen), reader.has("oldest", "first_time")
    one, place = singular(reader), rank(reader)
    cheap = any(token.text.startswith(_CHEAP) for token in reader.find("big", "small"))
    sized = reader.has("large_cap", "small_cap")
    smaller = reader.has("small_cap")
    count, said = limit(reader, None)
    asked = direction(reader)
    if asked is None and reader.quantities("places"):
        asked = True
    if sized:
        asked = not smaller
    weighed = chosen.held or chosen.lacks or concentrated or "etf_weight" in chosen.columns
    if reader.has("weight", "percent_word") and not weighed:
        raise Unclear(
            "어느 종목의 비중인지 알려 주세요. 예: 삼성전자 비중이 가장 높은 ETF는?", "The weight of which stock?"
        )
    reader.take(
        *_MEASURE_OF, "weight", "percent_word", "stock_word", "holdings", "newest", "recent", "oldest", "diversified"
    )
    if concentrated:
        reader.take("sum")
    wanted = Wanted([measure for measure in mentioned if measure not in ("concentration", "holdings")])
    if concentrated:
        wanted.order, wanted.descending = "concentration", asked is not False
        wanted.top, count, said = (count or 10, None, False) if said else (10, None, False)
    elif newest or oldest or (asked is not None and _ranks_by_age(reader, mentioned, chosen)):
        wanted.order, wanted.descending = "listed", newest or not (oldest or asked is False)
    elif asked is not None or place:
        wanted.order, wanted.descending = _order(reader, mentioned, chosen, asked, cheap), asked is not False
    elif chosen.held or "etf_weight" in chosen.columns:
        wanted.order = "weight"
    elif chosen.surpassed or mentioned:
        wanted.order = chosen.surpassed or mentioned[0]
        wanted.descending = wanted.order != "fee"
    elif not chosen.is_everything:
        wanted.order = "aum"
    if wanted.order == "weight" and not (chosen.held or "etf_weight" in chosen.columns):
        wanted.order = "aum"
    wanted.single = (one or place is not None) and not said
    between = reader.quantities("places")
    if len(between) == 1 and not place and not said and wanted.order:
        between[0].used = True
        first, last = int(between[0].value.value), int(between[0].value.high)
        wanted.skip, wanted.limit, wanted.single = first - 1, last - first + 1, False
        return wanted
    if place:
        wanted.skip, wanted.limit = place - 1, 1
    elif said:
        wanted.limit = count
    elif (asked is not None or newest or oldest or concentrated) and not chosen.conditions:
        # With a threshold in it, a question wants every ETF that meets it.
        wanted.limit = RANKED_ROWS
    return wanted


def _asks_for_the_newest(reader: Reader, chosen: Selection) -> bool:
    """Whether the newest come first. `요즘` beside another order says no more than now, unless it tells of the listing."""
    if reader.has("newest") or not reader.has("recent"):
        return reader.has("newest")
    if not reader.has("big", "small"):
        return True
    if reader.has("listed") and not chosen.by_listing:
        raise Unclear("최근이 언제부터인지 알려 주세요. 예: 올해 상장한, 최근 한 달 안에 상장한", "Since when?")
    return False


def _sums_the_top(reader: Reader) -> bool:
    """`상위 5개 종목 비중 합이 큰 ETF` ranks by concentration."""
    return reader.has("sum") and reader.has("weight") and bool(reader.quantities("count"))


def _ranks_by_age(reader: Reader, mentioned: list[str], chosen: Selection) -> bool:
    """`상장일이 늦은 순`, and not `2025년에 상장한 ETF 중 제일 큰`: there the listing is a filter."""
    return "listed" in mentioned and not chosen.by_listing and _beside_order(reader) in ("listed", None)


def _beside_order(reader: Reader) -> str | None:
    """The measure that the words of the order belong to: in Korean the nearest in front, in English the nearest."""
    place = next((i for i, token in enumerate(reader.tokens) if token.kind in (*UPWARD, *DOWNWARD)), None)
    if place is None:
        place = next((i for i, token in enumerate(reader.tokens) if token.kind == "most"), None)
    if place is None:
        return None
    best: tuple[float, str] | None = None
    for i, token in enumerate(reader.tokens):
        if token.kind not in _MEASURE_OF:
            continue
        distance = place - i if i < place else i - place + (0 if reader.question.english else 3)
        if best is None or distance < best[0]:
            best = (distance, _MEASURE_OF[token.kind])
    return best[1] if best else None


def _order(reader: Reader, mentioned: list[str], chosen: Selection, descending: bool | None, cheap: bool) -> str:
    measures = [measure for measure in mentioned if measure in PROPERTIES]
    free = [measure for measure in measures if measure not in _conditioned(chosen)]
    if cheap and not free:
        return "fee"
    free = free or measures
    if free:
        beside = _beside_order(reader)
        return beside if beside in free else free[-1]
    if "holdings" in chosen.columns:
        return "holdings"
    if chosen.held or "etf_weight" in chosen.columns:
        return "weight"
    return "aum" if descending is not False else "fee"


def _summed(reader: Reader, chosen: Selection) -> Plan | None:
    average = reader.take("average")
    reader.take("sum")
    if chosen.weights:
        # The weight is a condition's.
        reader.take("weight", "percent_word", "stock_word")
    mentioned = {_MEASURE_OF[token.kind] for token in reader.find("fee", "aum", "market_cap", "premium", "cost")}
    if reader.has("weight") and chosen.held and not mentioned:
        reader.take("weight")
        measure, expression = "weight", next(iter(chosen.columns))
    elif len(mentioned) == 1:
        reader.take("fee", "aum", "market_cap", "premium", "percent_word", "cost")
        measure = mentioned.pop()
        expression = SHOWN[measure]
    else:
        return None
    return Plan("etfs_average" if average else "etfs_sum", lambda: answer_sum(chosen, measure, expression, average))
