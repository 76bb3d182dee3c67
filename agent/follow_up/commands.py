"""Wishes about the last answer: `5개만`, `더 보여줘`, `전부 보여줘`, `보수 순으로 정렬해줘`, `왜?`."""

from __future__ import annotations

import re

from agent.composition.sub_questions import SubQuestions
from agent.follow_up.resolved import AskBack, Resolved, among, resolved_as, unclear
from agent.follow_up.tables import among_rows
from agent.follow_up.turns import Turn
from agent.follow_up.words import content, opening
from agent.given_names import GivenText
from agent.reading.question import Question

_SHOW = (
    r"(?:\s*(?:좀|한번))?"
    r"(?:\s*(?:보여|알려|나열|뽑아|말해|줘|주세요|볼래|보고 싶|리스트|목록|정리|추려)[가-힣\s]*)?[?!.]*$"
)
_WHY = re.compile(
    r"^(?:왜|이유|어째서|무슨 이유|why|how come)"
    r"(?:\s*(?:그래|그런|그렇|야|지|죠|요|가|는|뭐|인|데|거|건|that|is|so)[가-힣a-z\s]*)?\s*[?!.]*$",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"^(?:조금 |좀 )?(?:더|나머지(?:도|는)?|다음(?: 것| 거)?(?:도|은)?|계속|이어서)(?:\s*(?P<n>\d+)\s*개)?"
    rf"{_SHOW}|^(?:show |give )?(?:me )?(?:more|the rest|next)(?: please)?[?!.]*$",
    re.IGNORECASE,
)
_ALL = re.compile(
    rf"^(?:전부|전체|모두|싹|다)(?:\s*다)?(?:를)?{_SHOW}|^(?:show )?(?:me )?(?:all|all of them|everything)[?!.]*$",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"^(?:목록|리스트|명단|어떤 ?것들?|뭐뭐|뭐가|뭐|무엇무엇|어떤 ETF들?|그게)(?:을|를|이|가|은|는)?(?:\s*(?:다|좀|있|뭐))*[가-힣\s]*[?!.]*$|^(?:list|show) them[?!.]*$",
    re.IGNORECASE,
)
_SORT = re.compile(
    r"(?:순(?:으로|서로|서대로)?(?=\s|$|[?!.])|정렬|오름차순|내림차순)|\bsort(?:ed)?\b|\border(?:ed)? by\b",
    re.IGNORECASE,
)
_MEASURES = {
    "fee": ("보수", "낮은", "높은"), "cost": ("보수", "낮은", "높은"), "aum": ("순자산", "작은", "큰"), "market_cap": ("순자산", "작은", "큰"),
    "premium": ("괴리율", "낮은", "높은"), "listed": ("상장일", "오래된", "최근"), "price": ("종가", "낮은", "높은"),
}  # fmt: skip
_COPULA = re.compile(r"이?야|인가요?|이?예요|이에요|이?지|이?니|일까요?")
_ENGLISH = {
    "fee": "fee",
    "cost": "fee",
    "aum": "net assets",
    "market_cap": "net assets",
    "premium": "premium",
    "price": "price",
}
_UPWARD = re.compile(r"높은|큰|많은|비싼|내림차순|descending|desc|high|larg|expensive")
_DOWNWARD = re.compile(r"낮은|작은|적은|싼|저렴|오름차순|ascending|asc|low|small|cheap")
_MOST = 1_000


def by_command(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | AskBack | None:
    """What a wish about the last answer comes to; None where the question is none."""
    text = question.text[opening(question.text) :].strip()
    if _WHY.match(text):
        return _why(question, turn)
    if _LIST.match(text) and turn.answered:
        return _listed(asking, turn)
    more, everything, count = _MORE.match(text), _ALL.match(text), _count(question)
    if not (more or everything or count or _is_sorting(question)):
        return None
    if not turn.answered:
        return unclear(question, turn)
    if more:
        return _more(asking, question, turn, int(more.groupdict().get("n") or 0))
    if everything:
        return _limited(asking, turn, _MOST) or unclear(question, turn)
    if count:
        return _limited(asking, turn, count) or unclear(question, turn)
    return _sorted(asking, question, turn)


def _count(question: Question) -> int:
    """`5개만`, `상위 3개만 보여줘`: a number and nothing else."""
    tokens = [
        token for token in content(question) if token.kind not in ("most", "only", "increase", "decrease", "list")
    ]
    if len(tokens) != 1:
        return 0
    token = tokens[0]
    if token.kind != "quantity" or token.value.kind != "count" or token.value.operator:
        return 0
    return int(token.value.value)


def _why(question: Question, turn: Turn) -> AskBack:
    """There are no reasons in the data; what can be shown of the same names is offered."""
    etfs, stocks = turn.found("etf"), turn.found("stock")
    offered = [f"{etf.name} 상위 종목은?" for etf in etfs[:1]] + [f"{etf.name}의 보수와 순자산은?" for etf in etfs[:1]]
    offered += [f"{stock.name}를 가장 많이 담은 ETF는?" for stock in stocks[:1] if len(stocks) < 3]
    if question.english:
        return AskBack(
            "The data says what is held and what changed, not why. What would you like to know?", tuple(offered[:3])
        )
    return AskBack(
        "이유는 자료에 없고, 무엇을 얼마나 담았는지와 어떻게 바뀌었는지만 알려 드릴 수 있습니다. 무엇이 궁금한가요?",
        tuple(offered[:3]),
    )


def _limited(asking: SubQuestions, turn: Turn, count: int) -> Resolved | None:
    """The last question with another number of rows."""
    text = turn.text
    counts = [
        token
        for token in turn.question.tokens
        if token.kind == "quantity" and token.value.kind == "count" and not token.value.operator
    ]
    if len(counts) > 1:
        return None
    if counts:
        token = counts[0]
        words = re.sub(
            r"\d+|[한두세네]|다섯|여섯|일곱|여덟|아홉|열|스무|one|two|three|four|five|ten",
            str(count),
            token.text,
            count=1,
        )
        return resolved_as(asking, text.replaced(token.start, token.end, words))
    end = len(text.text.rstrip("?!. "))
    added = f" top {count}" if turn.question.english else f" {count}개만"
    return resolved_as(asking, text.replaced(end, len(text.text), added))


def _listed(asking: SubQuestions, turn: Turn) -> Resolved | None:
    """What was counted, as a list."""
    counted = [token for token in turn.question.tokens if token.kind == "count"]
    if len(counted) != 1 or turn.rows("etf"):
        return None
    words = "list" if turn.question.english else "목록"
    copula = _COPULA.match(turn.text.text, counted[0].end)
    return resolved_as(asking, turn.text.replaced(counted[0].start, copula.end() if copula else counted[0].end, words))


def _more(asking: SubQuestions, question: Question, turn: Turn, count: int) -> Resolved | AskBack | None:
    """Twice as many rows; where all were shown, that is said."""
    assert turn.reply is not None
    shown = max((len(table.rows) for table in turn.reply.tables[:1]), default=0)
    found = _limited(asking, turn, shown + (count or max(shown, 10))) if shown > 1 or turn.single else None
    if found is None:
        return unclear(question, turn)
    again = Turn(turn.asking, found.text, found.question, found.plan, turn.before)
    if again.reply is None or not again.answered or not again.reply.tables or len(again.reply.tables[0].rows) <= shown:
        text = (
            "All of them were shown already."
            if question.english
            else "앞의 답에서 이미 전부 보여 드렸습니다. 더 볼 것을 물어봐 주세요."
        )
        return AskBack(text)
    return found


def _is_sorting(question: Question) -> bool:
    kinds = {token.kind for token in content(question)}
    return _SORT.search(question.text) is not None and not kinds & {
        "etf",
        "stock",
        "company",
        "tag",
        "index",
        "etf_word",
        "stock_word",
        "date",
        "ambiguous",
    }


def _sorted(asking: SubQuestions, question: Question, turn: Turn) -> Resolved | AskBack:
    etfs = [row.subject for row in turn.rows("etf")]
    if len(etfs) < 2:
        rows = among_rows(asking, question, turn) if turn.rows("stock") else None
        return rows or unclear(question, turn)
    measures = [token.kind for token in question.tokens if token.kind in _MEASURES]
    if len(set(measures)) != 1:
        return unclear(question, turn)
    measure, low, high = _MEASURES[measures[0]]
    up, down = _UPWARD.search(question.text), _DOWNWARD.search(question.text)
    rising = bool(down) if up or down else measures[0] in ("fee", "cost")
    chosen, note = among(turn, etfs, question.english)
    usual = rising == (measures[0] in ("fee", "cost"))
    # In the usual direction all are listed, those without the figure last.
    asked = f"{measure} 순" if usual else f"{measure} {low if rising else high} 순 {len(etfs)}개"
    if measures[0] == "listed":
        asked = f"{'오래된' if rising else '최근에 상장한'} 순 {len(etfs)}개"
    if question.english:
        if not usual or measures[0] == "listed":
            return unclear(question, turn)
        asked = _ENGLISH[measures[0]]
    text = GivenText(f"□ {asked}").replaced(0, 1, [chosen])
    return resolved_as(asking, text, note) or unclear(question, turn)
