"""Which stocks and ETFs a list of ETFs has to hold or to lack, and how much of each."""

from __future__ import annotations

from agent.reading import wording
from agent.reading.conditions import Condition, Unclear
from agent.reading.plan import literal, literals
from agent.reading.question import Reader, Subject
from agent.reading.selection import Selection
from agent.reading.surpassing import surpassed_etf
from agent.reading.tokens import Token


def require_holdings(reader: Reader, chosen: Selection) -> None:
    """Keep the ETFs that hold and lack what the question says; explains its names. Raises Unclear for weights of nothing."""
    surpassed = surpassed_etf(reader)
    tokens = [token for token in reader.find("stock", "etf") if token is not surpassed]
    chosen.weights = [condition for condition in chosen.conditions if condition.measure == "weight"]
    wanted = [token for token in tokens if not token.negative]
    for number, token in enumerate(wanted):
        # A stock that is named twice is still one.
        token.used = token.used or any(token.value.keys == other.value.keys for other in wanted[:number])
    wanted = [token for token in wanted if not token.used]
    tokens = [token for token in tokens if not token.used]
    if _names_its_stock(reader, wanted):
        wanted[0].used = True
        name = wanted[0].value.name
        chosen.wheres.append(f"e.name CONTAINS {literal(name)}")
        chosen.words.append(f"이름에 {wording.with_particle(name, '이가')} 들어간")
        return
    for number, token in enumerate(tokens):
        token.used = True
        if token.negative and token.kind == "etf" and not reader.has("hold"):
            # `KODEX 200 말고`: without that ETF itself.
            chosen.wheres.append(f"NOT e.code IN {literals(token.value.keys)}")
            chosen.words.append(f"other than {token.value.name}" if chosen.english else f"{token.value.name} 말고")
        elif token.negative:
            _lacking(chosen, token.value, number)
    chosen.either = len(wanted) > 1 and reader.take("either")
    if len(wanted) == 2 and not chosen.weights and _outweigh(reader, chosen, wanted):
        return
    if len(wanted) > 1 and chosen.weights and reader.take("sum"):
        _either(chosen, [token.value for token in wanted])
        chosen.wheres += [condition.cypher("w0") for condition in chosen.weights]
        chosen.holds = [f"{'+'.join(token.value.name for token in wanted)} {'together' if chosen.english else '합'}"]
        return
    if chosen.either and not chosen.weights:
        _either(chosen, [token.value for token in wanted])
        return
    if chosen.either:
        _each_by_itself(chosen, [token.value for token in wanted])
    else:
        for number, token in enumerate(wanted):
            _holding(chosen, token.value, number)
    _limit_weights(chosen, wanted)


def _names_its_stock(reader: Reader, wanted: list[Token]) -> bool:
    """`삼성전자 2배 레버리지 ETF`: a leveraged ETF on one stock bears its name; many others merely hold it."""
    if reader.question.english or len(wanted) != 1 or wanted[0].kind != "stock" or wanted[0].particle:
        return False
    behind = reader.after(wanted[0])
    return (
        behind is not None
        and behind.kind in ("leverage", "inverse", "inverse2")
        and not behind.negative
        and not reader.has("hold", "weight", "percent_word", "without", "buy")
    )


def _label(subject: Subject) -> str:
    return "Stock" if subject.kind == "stock" else "ETF"


def _lacking(chosen: Selection, subject: Subject, number: int) -> None:
    inner = f"MATCH (e)-[:HOLDS]->(n{number}:{_label(subject)}) WHERE n{number}.code IN {literals(subject.keys)}"
    # An ETF whose holdings are unknown is no ETF without the stock.
    chosen.wheres.append(f"e.holdings_date IS NOT NULL AND NOT EXISTS {{ {inner} }}")
    chosen.lacks.append(subject.name)


def _holding(chosen: Selection, subject: Subject, number: int) -> None:
    column = f"{subject.name} weight (%)" if chosen.english else f"{subject.name} 비중(%)"
    pattern = f"({chosen.start})-[h:HOLDS]->(s{number}:{_label(subject)})"
    chosen.weigh(f"w{number}", column, pattern, f"s{number}.code IN {literals(subject.keys)}")
    chosen.held.append(subject)
    chosen.holds.append(subject.name)


def _outweigh(reader: Reader, chosen: Selection, wanted: list[Token]) -> bool:
    """`삼성전자 비중이 SK하이닉스 비중보다 높은`: keep the ETFs in which one stock outweighs the other."""
    surpassed = [number for number, token in enumerate(wanted) if "보다" in _particles(reader, token)]
    adjective = next((token for token in reader.find("big", "small") if token.start > wanted[-1].start), None)
    if reader.question.english or len(surpassed) != 1 or adjective is None:
        return False
    _each_by_itself(chosen, [token.value for token in wanted])
    other = surpassed[0]
    sign = ">" if adjective.kind == "big" else "<"
    chosen.wheres.append(f"coalesce(w{1 - other}, 0) {sign} coalesce(w{other}, 0)")
    chosen.either = True
    more = "많이" if adjective.kind == "big" else "적게"
    one, two = wanted[1 - other].value.name, wanted[other].value.name
    chosen.holds = []
    chosen.words.insert(0, f"{wording.with_particle(one, '을를')} {two}보다 {more} 담은(담지 않은 종목은 0%로 보고)")
    for token in reader.tokens:
        if token is adjective or token.kind == "compare":
            token.kind = "filler"
    reader.take("weight", "hold", "percent_word")
    return True


def _particles(reader: Reader, stock: Token) -> str:
    """The particle of a stock, or of the word for its weight behind it."""
    behind = reader.after(stock)
    return stock.particle + (
        behind.particle if behind is not None and behind.kind in ("weight", "percent_word") else ""
    )


def _either(chosen: Selection, subjects: list[Subject]) -> None:
    codes = [code for subject in subjects for code in subject.keys]
    column = "total weight (%)" if chosen.english else "비중 합(%)"
    pattern = f"({chosen.start})-[h:HOLDS]->(s:{_label(subjects[0])})"
    chosen.weigh("w0", column, pattern, f"s.code IN {literals(codes)}")
    chosen.held = subjects[:1]
    chosen.holds = [subject.name for subject in subjects]


def _each_by_itself(chosen: Selection, subjects: list[Subject]) -> None:
    """`A나 B를 10% 넘게 담은`: the weight of each stands by itself, so that either can meet its condition."""
    codes = [code for subject in subjects for code in subject.keys]
    weights = {}
    for number, subject in enumerate(subjects):
        column = f"{subject.name} weight (%)" if chosen.english else f"{subject.name} 비중(%)"
        weights[f"w{number}"] = (column, f"s.code IN {literals(subject.keys)}")
    pattern = f"({chosen.start})-[h:HOLDS]->(s:{_label(subjects[0])})"
    chosen.weigh_each(weights, pattern, f"s.code IN {literals(codes)}")
    chosen.held = list(subjects)
    chosen.holds = [subject.name for subject in subjects]


def _limit_weights(chosen: Selection, wanted: list[Token]) -> None:
    weights = chosen.weights
    if not weights:
        return
    variables = list(chosen.columns)
    if not variables:
        raise Unclear(
            "어느 종목의 비중인지 알려 주세요. 예: 삼성전자 비중이 5% 이상인 ETF", "The weight of which stock?"
        )
    applied = _assigned(chosen, variables, wanted)
    tests = [
        " AND ".join(condition.cypher(variable) for condition in applied[variable])
        for variable in variables
        if applied[variable]
    ]
    if chosen.either:
        # Whoever has no condition of its own is held in any amount.
        tests += [f"{variable} >= 0" for variable in variables if not applied[variable]]
        chosen.wheres.append("(" + " OR ".join(f"({test})" for test in tests) + ")")
    else:
        chosen.wheres += tests
    said = [applied[variable] for variable in variables]
    if any(limits != said[0] for limits in said):
        chosen.limits = said


def _assigned(chosen: Selection, variables: list[str], wanted: list[Token]) -> dict[str, list[Condition]]:
    """The conditions of each stock: a condition belongs to the names between it and the condition before it."""
    weights = chosen.weights
    applied: dict[str, list[Condition]] = {variable: [] for variable in variables}
    if len(variables) == 1 or chosen.english or min(token.start for token in wanted) > weights[0].at:
        if len(variables) > 1 and len(weights) not in (1, len(variables)):
            raise Unclear("종목마다 비중 조건을 하나씩 적어 주세요.", "Please give one condition for each stock.")
        for number, variable in enumerate(variables):
            applied[variable] = weights if len(variables) == 1 else [weights[min(number, len(weights) - 1)]]
        return applied
    group: list[str] = []
    last = -1
    for condition in weights:
        between = [
            variable for variable, token in zip(variables, wanted, strict=True) if last < token.start < condition.at
        ]
        group = between or group
        for variable in group:
            applied[variable].append(condition)
        last = condition.at
    return applied
