"""Reads a list of ETFs as people paste it: lines, separated names, columns of a spreadsheet. Knows no ETF yet."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from backend.errors import InvalidInput
from backend.market import spelling

MOST_LINES = 300
MOST_CELLS = 1_000
LONGEST_NAME = 100

_LINE_END = re.compile("\r\n|[\r\n\u2028\u2029]")
# A comma parts cells unless it groups the digits of an amount.
_CELL_END = re.compile(r"[\t;|，；、]|(?<!\d),|,(?!\d{3}(?!\d))")
_BULLET = re.compile(r"^(?:[-*•·▪■◆○●☐☑✓✔>#]+\s*|\(?\d{1,3}[.)]\s+|[①-⑳]\s*)")
_QUOTES = "\"'“”‘’`"
_UNIT = "%p?|％|퍼센트|원|주|좌|계좌|개|억|조|만|천|백만|(?:천|만|백만|억|조)원|(?:십|백|천)?만?\\s?주|krw|usd|배|년|월|일|p"
_AMOUNT = re.compile(rf"(?i)[(+\-−▲▼△▽]*\s*[₩￦$]?\s*[+\-−]?\d[\d,]*(?:\.\d+)?\s*(?:{_UNIT})?\s*\)?")
_PLAIN_NUMBER = re.compile(r"\d+")
_DATE = re.compile(r"\d{2,4}[-./]\s?\d{1,2}[-./]\s?\d{1,2}\.?(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?")
_CODE = re.compile(r"(?i)A?(\d[0-9A-Z]{5})")
_ISIN = re.compile(r"(?i)[A-Z]{2}[0-9A-Z]{9}\d")
_CODE_IN_BRACKETS = re.compile(r"[(\[<【]\s*([0-9A-Za-z]{6,12})(?:\s*\.?\s*(?:KS|KQ|KRX))?\s*[)\]>】]\s*$")
_SUFFIX = re.compile(r"(?i)\.(?:KS|KQ|KRX)$")

# What stands over the columns of lists and under them.
_HEADINGS = frozenset(
    spelling.normalise(heading)
    for heading in (
        "종목코드", "단축코드", "표준코드", "코드", "종목번호", "종목명", "종목", "이름", "명칭", "상품명", "상품", "펀드명", "ETF", "ETF명", "ETF이름",
        "ETF코드", "티커", "심볼", "번호", "순번", "순위", "No", "수량", "보유수량", "잔고수량", "주수", "좌수", "매입가", "매입단가", "평균단가", "평단가",
        "매수가", "매입금액", "매수금액", "현재가", "종가", "시가", "고가", "저가", "기준가", "NAV", "전일비", "등락", "등락률", "등락율", "대비", "전일대비",
        "평가금액", "평가손익", "손익", "손익률", "수익률", "수익금", "비중", "보유비중", "금액", "투자금액", "거래량", "거래대금", "시가총액", "순자산",
        "순자산총액", "운용사", "자산운용사", "보수", "총보수", "괴리율", "상장일", "날짜", "일자", "기준일", "비고", "메모", "통화", "시장", "구분", "유형",
        "합계", "총계", "소계", "총합", "계좌", "계좌번호", "관심종목", "관심ETF", "관심목록", "보유종목", "보유ETF", "종목리스트", "종목목록", "ETF목록",
        "code", "ticker", "symbol", "name", "etfname", "isin", "quantity", "qty", "shares", "price", "close",
        "amount", "value", "weight", "rank", "date", "total", "sum", "fee", "aum", "market", "currency", "company",
        "manager", "issuer", "change", "return",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a line. `codes` are what could be an ETF's code in it, `names` the ways to read a name, the fullest first.

    A cell with neither is an amount, a heading or empty of letters.
    """

    text: str
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    amount: bool = False

    @property
    def code_only(self) -> bool:
        """Whether the cell is a code and nothing else."""
        return bool(self.codes) and not self.names


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, by its number in the text, from 1."""

    number: int
    text: str
    cells: list[Cell]


def read_lines(pasted: str) -> list[Line]:
    """Take a list apart. Raises InvalidInput where it is longer than one list may be."""
    lines = []
    for number, raw in enumerate(_LINE_END.split(pasted), 1):
        written = _printable(raw).strip()
        if written:
            lines.append(Line(number, written, list(_cells(written))))
    if len(lines) > MOST_LINES or sum(len(line.cells) for line in lines) > MOST_CELLS:
        raise InvalidInput(
            f"a pasted list has at most {MOST_LINES} lines and {MOST_CELLS} cells",
            ko=f"한 번에 {MOST_LINES}줄, 모두 {MOST_CELLS}칸까지 붙여 넣을 수 있습니다. 나누어 붙여 넣어 주세요.",
        )
    return lines


def _printable(raw: str) -> str:
    """Make spaces of control characters (but tabs) and drop what has no width."""
    return "".join(
        c
        if c == "\t" or not unicodedata.category(c).startswith("C")
        else ""
        if c in "\u200b\u200c\u200d\ufeff"
        else " "
        for c in raw.replace("\u00a0", " ")
    )


def _cells(written: str) -> list[Cell]:
    pieces = [piece.strip().strip(_QUOTES).strip() for piece in _CELL_END.split(_BULLET.sub("", written))]
    cells: list[Cell] = []
    for piece in filter(None, pieces):
        words = piece.split()
        if len(words) > 1 and all(_code(word) for word in words):
            cells.extend(_cell(word) for word in words)
        else:
            cells.append(_cell(piece))
    return cells


def _cell(piece: str) -> Cell:
    if code := _code(piece):
        return Cell(piece, (code,), amount=bool(_PLAIN_NUMBER.fullmatch(piece)))
    if _AMOUNT.fullmatch(piece) or _DATE.fullmatch(piece):
        return Cell(piece, amount=True)
    if _heading(piece):
        return Cell(piece)
    codes: list[str] = []
    name = piece
    if (bracketed := _CODE_IN_BRACKETS.search(name)) and (code := _code(bracketed[1])):
        codes.append(code)
        name = name[: bracketed.start()].strip()
    words = name.split()
    if len(words) > 1 and (code := _code(words[0])):
        codes.append(code)
        name = name[len(words[0]) :].strip()
    elif len(words) > 1 and (code := _code(words[-1])):
        codes.append(code)
    return Cell(piece, tuple(codes), _names(name))


def _code(word: str) -> str | None:
    """Return the six characters of a code or of a Korean ISIN, in capitals; None for what is neither."""
    word = _SUFFIX.sub("", word.strip(_QUOTES))
    if not word.isascii():
        return None
    if matched := _CODE.fullmatch(word):
        return matched[1].upper()
    return word[3:9].upper() if _ISIN.fullmatch(word) and word[:2].upper() == "KR" else None


def _heading(piece: str) -> bool:
    plain = re.sub(r"\([^)]*\)", "", piece)
    form = spelling.normalise(plain)
    return not form or form in _HEADINGS


def _names(name: str) -> tuple[str, ...]:
    """List the ways to read a name that amounts may follow: as it is, then without each of them, from the end."""
    found = [name]
    if "," in name:
        found.append(name.split(",")[0].strip())
    words = name.split()
    while len(words) > 1 and (_AMOUNT.fullmatch(words[-1]) or _DATE.fullmatch(words[-1])):
        words.pop()
        found.append(" ".join(words))
    return tuple(dict.fromkeys(one[:LONGEST_NAME] for one in found if one))
