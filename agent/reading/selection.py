"""A set of ETFs as Cypher and in words. `filters` makes it of a question's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.reading import wording
from agent.reading.conditions import Condition
from agent.reading.plan import literal
from agent.reading.question import Subject

PROPERTIES = {"fee": "e.fee", "aum": "e.aum", "premium": "e.premium", "close": "e.close", "nav": "e.nav"}


@dataclass
class Selection:
    """ETFs as `e` in Cypher. `columns` are figures that the filters bring, by their variable and the column's name.

    `words` name the ETFs, in order; `holds`, `lacks` say what they hold and lack, with the conditions on the weights.
    """

    english: bool = False
    lines: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=lambda: ["e"])
    wheres: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    either: bool = False
    weights: list[Condition] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    held: list[Subject] = field(default_factory=list)
    by_listing: bool = False
    # The ETFs found before, among which is chosen.
    within: str = ""
    # The conditions of each stock held, where they differ.
    limits: list[list[Condition]] = field(default_factory=list)
    # The measure by which another ETF is surpassed.
    surpassed: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether no filter was named."""
        return not (self.words or self.holds or self.lacks or self.within)

    @property
    def start(self) -> str:
        """`e` for the next MATCH: with its label where it is the first."""
        return "e" if self.lines else "e:ETF"

    def cypher(self) -> str:
        """MATCH … WITH …, after which `e` and the carried figures stand for one ETF a row."""
        text = "\n".join(self.lines) if self.lines else "MATCH (e:ETF)"
        if self.wheres:
            text += f"\nWITH {', '.join(self.carried)}\nWHERE " + "\n  AND ".join(self.wheres)
        return text

    def match(self, pattern: str, where: str) -> None:
        """Add a pattern that every ETF must match."""
        self.lines += [f"MATCH {pattern}", f"WHERE {where}", f"WITH DISTINCT {', '.join(self.carried)}"]

    def weigh(self, variable: str, column: str, pattern: str, where: str) -> None:
        """Add a holding whose summed weight becomes a figure."""
        carried = ", ".join(self.carried)
        self.lines += [f"MATCH {pattern}", f"WHERE {where}", f"WITH {carried}, sum(h.weight) AS {variable}"]
        self.carried.append(variable)
        self.columns[variable] = column

    def weigh_each(self, weights: dict[str, tuple[str, str]], pattern: str, where: str) -> None:
        """Add the summed weights of several holdings, any of which may be missing (null); each by its column and its test."""
        sums = ", ".join(
            f"sum(CASE WHEN {test} THEN h.weight ELSE null END) AS {v}" for v, (_, test) in weights.items()
        )
        self.lines += [f"MATCH {pattern}", f"WHERE {where}", f"WITH {', '.join(self.carried)}, {sums}"]
        self.carried += weights
        self.columns |= {variable: column for variable, (column, _) in weights.items()}

    def count_holdings(self) -> None:
        """Add the number of distinct stocks as a figure."""
        carried = ", ".join(self.carried)
        self.lines += [
            f"MATCH ({self.start})-[:HOLDS]->(s:Stock)",
            f"WITH {carried}, count(DISTINCT s.code) AS holdings",
        ]
        self.carried.append("holdings")
        self.columns["holdings"] = "stocks" if self.english else "종목 수"

    def concentrate(self, top: int) -> None:
        """Add the summed weight of the `top` largest stocks as a figure; the filters so far apply first."""
        self.lines, self.wheres = [self.cypher()], []
        carried = ", ".join(self.carried)
        self.lines += [
            "MATCH (e)-[h:HOLDS]->(s:Stock)",
            "WHERE h.weight IS NOT NULL",
            f"WITH {carried}, h.weight AS weight",
            "ORDER BY e.code, weight DESC",
            f"WITH {carried}, collect(weight) AS weights",
            f"UNWIND weights[0..{top}] AS weight",
            f"WITH {carried}, sum(weight) AS concentration",
        ]
        self.carried.append("concentration")
        self.columns["concentration"] = f"top {top} weight (%)" if self.english else f"상위 {top}종목 비중(%)"

    def tag(self, tag: str, word: str) -> None:
        """Keep the ETFs of a theme."""
        number = len(self.lines)
        self.match(f"({self.start})-[:TAGGED]->(t{number}:Tag)", f"t{number}.name = {literal(tag)}")
        self.words.append(word)

    def without_tag(self, tag: str, word: str) -> None:
        """Leave out the ETFs of a theme."""
        number = len(self.wheres)
        inner = f"MATCH (e)-[:TAGGED]->(d{number}:Tag) WHERE d{number}.name = {literal(tag)}"
        self.wheres.append(f"NOT EXISTS {{ {inner} }}")
        self.words.append(f"non-{word}" if self.english else f"{word} 제외")

    def described(self) -> str:
        """The ETFs in words: `삼성전자를 5% 이상 담은 삼성자산운용의 반도체 ETF`."""
        if self.within and not (self.words or self.holds or self.lacks):
            return f"{self.within} {'ETFs' if self.english else 'ETF'}"
        described = self._described()
        if not self.within:
            return described
        return f"{described} among {self.within}" if self.english else f"{self.within} 가운데 {described}"

    def _described(self) -> str:
        words = " ".join([*self.words, "ETFs" if self.english else "ETF"])
        if self.english:
            parts = [f"holding {_listed(self.holds, ' or ' if self.either else ' and ')}"] if self.holds else []
            parts += [f"not holding {', '.join(self.lacks)}"] if self.lacks else []
            parts += [f"at {condition.operator} {condition.value:g}%" for condition in self.weights]
            return " ".join([words, *parts])
        parts = []
        if self.lacks:
            parts.append(f"{', '.join(self.lacks)} 없이" if self.holds else f"{', '.join(self.lacks)} 없는")
        if self.holds:
            parts.append(self._held_words())
        return " ".join([*parts, words])

    def _held_words(self) -> str:
        if self.limits:
            joint = " 또는 " if self.either else ", "
            return (
                joint.join(
                    f"{wording.with_particle(name, '을를')} {' '.join(one.words('%') for one in limits)}".rstrip()
                    for name, limits in zip(self.holds, self.limits, strict=True)
                )
                + " 담은"
            )
        limits = " ".join(condition.words("%") for condition in self.weights)
        limits = f" {limits}" if limits else ""
        if len(self.holds) == 1:
            return f"{wording.with_particle(self.holds[0], '을를')}{limits} 담은"
        if self.either:
            return f"{wording.with_particle(' 또는 '.join(self.holds), '을를')}{limits} 담은"
        names = (
            ", ".join(self.holds)
            if len(self.holds) > 2
            else f"{wording.with_particle(self.holds[0], '과와')} {self.holds[1]}"
        )
        return f"{wording.with_particle(names, '을를')} 모두{limits} 담은"


def _listed(names: Iterable[str], joint: str) -> str:
    return joint.join(names)
