"""What the two graphs consist of: node labels, edge types, their properties and what they mean.

The Cypher guard accepts exactly these names, and a language model's prompt is written from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MARKET = "etf_graph"
HISTORY = "etf_history"


@dataclass(frozen=True)
class Property:
    """One property. `kind` is string, integer, float, boolean or date (an ISO string); the units are in the texts.

    An `optional` one is absent where it is unknown; the others are always there.
    """

    name: str
    kind: str
    english: str
    korean: str
    optional: bool = True


@dataclass(frozen=True)
class NodeLabel:
    """A node label; `key` names the properties that together identify one node."""

    name: str
    key: tuple[str, ...]
    properties: tuple[Property, ...]
    english: str
    korean: str


@dataclass(frozen=True)
class EdgeType:
    """An edge type from one node label to some others."""

    name: str
    start: str
    ends: tuple[str, ...]
    properties: tuple[Property, ...]
    english: str
    korean: str


@dataclass(frozen=True)
class Graph:
    """One graph of the database. `longest_path` bounds variable-length paths in edges; 0 means that there are none."""

    name: str
    nodes: tuple[NodeLabel, ...]
    edges: tuple[EdgeType, ...]
    longest_path: int
    english: str
    korean: str

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(node.name for node in self.nodes)

    @property
    def edge_types(self) -> frozenset[str]:
        return frozenset(edge.name for edge in self.edges)

    @property
    def property_names(self) -> frozenset[str]:
        return frozenset(prop.name for entity in (*self.nodes, *self.edges) for prop in entity.properties)

    def node(self, label: str) -> NodeLabel:
        """Return the node label of that name; KeyError if this graph has none."""
        return _by_name(self.nodes, label)

    def edge(self, edge_type: str) -> EdgeType:
        """Return the edge type of that name; KeyError if this graph has none."""
        return _by_name(self.edges, edge_type)


def _by_name(entities: Iterable, name: str):
    for entity in entities:
        if entity.name == name:
            return entity
    raise KeyError(name)


_CODE = Property("code", "string", "code, the key", "종목 코드", optional=False)
_NAME = Property("name", "string", "name", "이름", optional=False)
_ETF_CODE = Property(
    "code", "string", "KRX short code, six digits or letters, the key", "KRX 단축 코드 6자리", optional=False
)
_DATE = Property("date", "date", "date of the snapshot", "스냅샷 날짜", optional=False)
_WEIGHT = Property("weight", "float", "weight in the ETF, %", "비중, %")
_SHARES = Property("shares", "float", "shares in one creation unit", "CU당 수량")
_POSITION = (_DATE, _WEIGHT, _SHARES)
_TRADE = (
    Property("date", "date", "date of the snapshot that shows the change", "변화가 나타난 날짜", optional=False),
    Property("previous", "date", "date of the snapshot before", "직전 스냅샷 날짜", optional=False),
    Property("action", "string", "new, more, less or out", "new 신규, more 증가, less 감소, out 편출", optional=False),
    Property("shares_change", "float", "change of the quantity net of rescaling, %", "CU 조정 후 수량 변화율, %"),
    Property("weight_before", "float", "weight before, %", "이전 비중, %"),
    Property("weight_after", "float", "weight after, %", "이후 비중, %"),
)

_MARKET = Graph(
    MARKET,
    nodes=(
        NodeLabel(
            "ETF",
            ("code",),
            (
                _ETF_CODE,
                _NAME,
                Property("isin", "string", "ISIN", "국제 표준 코드"),
                Property("fee", "float", "total fee, % per year", "총보수, 연 %"),
                Property("aum", "integer", "net assets, KRW", "순자산, 원"),
                Property("listed", "date", "listing date", "상장일"),
                Property("active", "boolean", "actively managed", "액티브 여부", optional=False),
                Property("leverage", "string", "leverage or inverse type", "레버리지·인버스 유형"),
                Property("replication", "string", "replication method", "복제 방법"),
                Property("asset_class", "string", "asset class", "기초 자산 유형"),
                Property("holdings_date", "date", "date of its latest snapshot", "최신 구성 종목 날짜"),
                Property("close", "integer", "closing price, KRW", "종가, 원"),
                Property("nav", "float", "net asset value per share, KRW", "주당 순자산 가치, 원"),
                Property("premium", "float", "(close − NAV) / NAV, %", "괴리율, %"),
                Property("price_date", "date", "date of close, nav and premium", "가격 날짜"),
            ),
            "a Korean exchange-traded fund",
            "상장지수펀드",
        ),
        NodeLabel(
            "Stock",
            ("code",),
            (
                _CODE,
                _NAME,
                Property("name_en", "string", "English name", "영문 이름"),
                Property("isin", "string", "ISIN", "국제 표준 코드"),
                Property("market", "string", "market it is listed on", "상장 시장", optional=False),
            ),
            "a stock, Korean or foreign",
            "주식",
        ),
        NodeLabel(
            "Asset",
            ("code",),
            (
                _CODE,
                _NAME,
                Property(
                    "kind",
                    "string",
                    "bond, cash, derivative or other",
                    "bond 채권, cash 현금, derivative 파생, other 기타",
                ),
            ),
            "what an ETF holds that is no stock and no ETF",
            "채권·현금·파생 등 그 밖의 자산",
        ),
        NodeLabel("Company", ("name",), (_NAME,), "the manager of ETFs", "자산운용사"),
        NodeLabel(
            "Tag",
            ("name",),
            (
                Property("name", "string", "the tag, such as 반도체, 월배당, 커버드콜", "테마 이름", optional=False),
                Property(
                    "theme",
                    "string",
                    "group of tags, such as 산업, 지역, 전략, 배당, 자산",
                    "테마 묶음",
                    optional=False,
                ),
            ),
            "a theme",
            "테마",
        ),
        NodeLabel("Index", ("name",), (_NAME,), "the index an ETF tracks or is compared with", "기초 지수"),
        NodeLabel("Industry", ("name",), (_NAME,), "the industry of a Korean stock", "업종"),
    ),
    edges=(
        EdgeType("HOLDS", "ETF", ("Stock", "ETF", "Asset"), _POSITION, "holds now, one edge a pair", "현재 보유"),
        EdgeType(
            "TRADED", "ETF", ("Stock", "ETF", "Asset"), _TRADE, "bought or sold in the last 90 days", "최근 90일 매매"
        ),
        EdgeType("MANAGED_BY", "ETF", ("Company",), (), "is managed by", "운용사"),
        EdgeType("TAGGED", "ETF", ("Tag",), (), "belongs to the theme", "테마"),
        EdgeType("TRACKS", "ETF", ("Index",), (), "tracks the index", "추종 지수"),
        EdgeType("IN_INDUSTRY", "Stock", ("Industry",), (), "is in the industry", "업종"),
    ),
    longest_path=4,
    english="the market as it stands",
    korean="현재 시장",
)

_HISTORY = Graph(
    HISTORY,
    nodes=(
        NodeLabel("ETF", ("code",), (_ETF_CODE, _NAME), "a Korean exchange-traded fund", "상장지수펀드"),
        NodeLabel("Stock", ("code",), (_CODE, _NAME), "a stock, Korean or foreign", "주식"),
        NodeLabel("Asset", ("code",), (_CODE, _NAME), "what an ETF holds that is no stock and no ETF", "그 밖의 자산"),
        NodeLabel(
            "Price",
            ("code", "date"),
            (
                _ETF_CODE,
                Property("date", "date", "trading day", "거래일", optional=False),
                Property("open", "integer", "opening price, KRW", "시가, 원"),
                Property("high", "integer", "highest price, KRW", "고가, 원"),
                Property("low", "integer", "lowest price, KRW", "저가, 원"),
                Property("close", "integer", "closing price, KRW", "종가, 원"),
                Property("nav", "float", "net asset value per share, KRW", "주당 순자산 가치, 원"),
                Property("volume", "integer", "shares traded", "거래량, 주"),
            ),
            "the prices of one ETF on one day",
            "ETF의 하루 시세",
        ),
    ),
    edges=(
        EdgeType(
            "HELD", "ETF", ("Stock", "ETF", "Asset"), _POSITION, "held on that date, every snapshot", "그날의 보유"
        ),
        EdgeType("TRADED", "ETF", ("Stock", "ETF", "Asset"), _TRADE, "bought or sold between two snapshots", "매매"),
        EdgeType("HAS_PRICE", "ETF", ("Price",), (), "has the price", "시세"),
    ),
    longest_path=0,
    english="everything dated: every snapshot, trade and price",
    korean="날짜별 기록",
)

GRAPHS: dict[str, Graph] = {_MARKET.name: _MARKET, _HISTORY.name: _HISTORY}


def schema_text(graphs: Iterable[str] = (MARKET, HISTORY)) -> str:
    """Return the schema of the named graphs as compact text for a model's prompt, one line per label or edge type.

    A question mark follows the name of a property that can be missing.
    """
    lines: list[str] = []
    for graph in (GRAPHS[name] for name in graphs):
        lines.append(f"Graph {graph.name} ({graph.english}; {graph.korean})")
        for node in graph.nodes:
            lines.append(f"  (:{node.name}) {node.english} ({node.korean}){_properties(node.properties)}")
        for edge in graph.edges:
            pattern = f"(:{edge.start})-[:{edge.name}]->({', '.join(edge.ends)})"
            lines.append(f"  {pattern} {edge.english} ({edge.korean}){_properties(edge.properties)}")
    return "\n".join(lines)


def _properties(properties: tuple[Property, ...]) -> str:
    if not properties:
        return ""
    shown = (f"{prop.name}{'?' * prop.optional} {prop.kind} = {prop.english}" for prop in properties)
    return ": " + "; ".join(shown)
