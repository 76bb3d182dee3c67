"""What has to happen, in the words of a wish: kinds of alerts, and events of which nobody is told.

The text is read with its names and figures blanked out, the particular before the general: `전량 매도` before `매도`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agent.alert_wishes.proposal import TRADES, USUAL, Kind, in_order

_CHANGE = (
    r"(?:바뀌|바뀔|바뀐|변하|변할|변동|변화|변경|달라|늘|줄|오르|오를|내리|내릴|높아|낮아|커지|작아|빠지|떨어|움직|"
    r"증가|감소|확대|축소|상승|하락|출렁|조정)"
)
# Kinds by their spellings; what was found is blanked out, so that a general word takes only what is left.
_KOREAN: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (r"괴리율?(?:이|도|가)?\s*(?:\w{0,6}\s*){0,3}?(?:넘|벌어|커지|이상|초과|확대|높아|뛰|튀|바뀌|변|되|오르|오를|"
     r"떨어|줄|내려|심해)[가-힣]*|괴리율?|(?:순자산가치|NAV|나브)\s*(?:와|과|랑|대비|보다|에서)[^,]*(?:차이|벌어|"
     r"벗어|비싸|싸)[가-힣]*|프리미엄|디스카운트", ("premium",)),
    (r"(?:총\s?)?(?:보수율?|수수료율?|운용\s?비용|총\s?비용|운용보수)(?:이|가|를|을|도)?\s*(?:오르|오를|내리|내릴|"
     r"인하|인상|낮|높|바뀌|변|달라|깎|떨어|줄|늘|올리|올릴|조정)?[가-힣]*", ("fee",)),
    (r"(?:종목명|상품명|명칭|ETF\s?명|이름|이티에프\s?명)(?:이|가|을|를|도)?\s*(?:바뀌|변|달라|바꾸)?[가-힣]*|개명[가-힣]*", ("name",)),
    (r"사고\s?팔[가-힣]*|사고\s?파는|팔고\s?사[가-힣]*|사거나\s?(?:팔|파)[가-힣]*|팔거나\s?(?:사|살)[가-힣]*|"
     r"살\s?때나\s?팔\s?때|(?:매수|매입|매도)\s*(?:나|이나|와|과|·|/|,|하고|및|또는|든|하거나|랑)\s*(?:매도|"
     r"매수)[가-힣]*|매수매도|매도매수|매매[가-힣]*|거래(?!량|대금|소|일)[가-힣]*|트레이딩", TRADES),
    (r"(?:구성|보유|편입|담은|담고\s?있는|들고\s?있는|가진)?\s*종목들?(?:이|을|은|도|의)?\s*(?:구성(?:이|"
     r"을)?\s*)?(?:\w{0,4}\s)?(?:바뀌|바뀔|바꾸|바꿀|변하|변할|변경|변동|변화|교체|갈아|달라)[가-힣]*|구성(?:이|도|"
     r"을|내역이?)?\s*(?:바뀌|바뀔|변하|변할|변경|변동|변화|달라)[가-힣]*|포트폴리오[가-힣]*|포트(?:가|를)|"
     r"바스켓[가-힣]*|리밸런싱[가-힣]*|리밸[가-힣]*|정기\s?변경[가-힣]*|종목\s?교체[가-힣]*|교체[가-힣]*|"
     r"물갈이[가-힣]*|PDF[가-힣]*|갈아\s?타[가-힣]*|담은\s?(?:거|것|게)(?:이|가)?\s*(?:바뀌|변)[가-힣]*|구성종목", TRADES),
    (r"(?:전량|전부|모두|다|싹|완전히|통째로|몽땅)\s?(?:매도|처분|팔|파는|청산|정리|편출|빼|뺄)[가-힣]*|전량\s?매도|"
     r"편출[가-힣]*|빼(?:면|거|는|자|버리|낼|내)[가-힣]*|뺄|(?<!\S)제외[가-힣]*|퇴출[가-힣]*|탈락[가-힣]*|"
     r"청산[가-힣]*|(?:종목|주식|회사|기업|게|것|거|뭐|뭔가|하나|하나라도)(?:이|가|도|들이)?\s?(?:빠지|빠질|나가|나갈|사라|없어)[가-힣]*|"
     r"손\s?털[가-힣]*|(?:에서|목록에서)\s?(?:빠지|빠질)[가-힣]*", ("out",)),
    (r"새로\s?(?:담|사|산|살|편입|들어|추가|매수|매입|넣|들이|들여|들고|진입|투자|가져|포함)[가-힣]*|"
     r"신규로?\s?(?:편입|매수|매입|종목|진입|추가|투자)?[가-힣]*|새(?:로운)?\s?(?:종목|주식|회사|기업|게|거)(?:을|를|"
     r"이|가|도)?\s?(?:담|사|살|편입|들어|추가|매수|넣|생기|나오|들이|등장)?[가-힣]*|처음\s?(?:담|사|살|편입|"
     r"매수)[가-힣]*|(?:추가로?\s?)?편입[가-힣]*|(?:종목|주식)(?:을|를|이|가|도)?\s?(?:하나\s?)?(?:추가|들어|"
     r"늘어)[가-힣]*", ("new",)),
    (r"(?:더|추가로?|추가로\s?더|더\s?많이)\s?(?:사|살|담|매수|매입|늘리|늘릴|들고|쌓|모으|편입|파이)[가-힣]*|"
     r"추매[가-힣]*|추가\s?매[수입][가-힣]*|(?:비중|물량|수량|보유량|지분)을\s?(?:더\s?)?(?:늘리|늘릴|높이|높일|확대|"
     r"올리|키우|키울)[가-힣]*|늘리(?:면|거|는|자)[가-힣]*|늘릴|증량[가-힣]*|물\s?타[가-힣]*", ("more",)),
    (r"(?:비중|물량|수량|보유량|지분)을\s?(?:더\s?|조금\s?)?(?:줄이|줄일|낮추|낮출|축소|덜|내리)[가-힣]*|줄이(?:면|"
     r"거|는|자)[가-힣]*|줄일|덜어[가-힣]*|(?:일부|조금|부분|절반)\s?(?:매도|팔|처분)[가-힣]*|감량[가-힣]*", ("less",)),
    (r"(?:팔|파)(?:면|거|자|게|아|는|고|려|때|던|기|았)[가-힣]*|팔(?=\s|$)|매도[가-힣]*|처분[가-힣]*|던지[가-힣]*|던질", ("out", "less")),
    (r"사(?:면|거|자|는|들|게|기|려)[가-힣]*(?!이)|살(?=\s|$)|매수[가-힣]*|매입[가-힣]*|담(?:으면|는|을|거|자|게|"
     r"기)[가-힣]*|사들[가-힣]*|쓸어\s?담[가-힣]*", ("new", "more")),
    (rf"비중(?:들)?(?:이|도|은|의)?\s*(?:\S{{1,8}}\s+){{0,3}}?{_CHANGE}[가-힣]*|비중", ("weight",)),
)  # fmt: skip
_ANY_CHANGE = re.compile(
    rf"{_CHANGE}[가-힣]*|뭔가|무슨\s?일|무슨\s?변|이슈|특이\s?사항|움직임|일이?\s?(?:있|생기)|새로운\s?(?:내용|소식)"
)
_ENGLISH: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (r"\bpremiums?\b|\bdiscounts?\b|\bnav\b", ("premium",)),
    (r"\bfees?\b|\bexpense\s+ratios?\b|\bter\b", ("fee",)),
    (r"\brenamed?s?\b|\bnames?\b", ("name",)),
    (r"\bbuys?\s+(?:or|and)\s+sells?\b|\btrad(?:es?|ing)\b|\brebalanc\w*|\b(?:holdings|constituents|portfolio|basket|"
     r"composition)\b[^,]*\bchang\w*|\bswaps?\b|\bchanges?\s+(?:its\s+|in\s+)?(?:holdings|constituents|portfolio|"
     r"basket)\b", TRADES),
    (r"\bdrops?\b|\bremoves?\b|\bexits?\b|\bsells?\s+(?:out|all|everything|off)\b|\bkicks?\s+out\b|\bfully\s+sells?\b", ("out",)),
    (r"\bbuys?\s+more\b|\b(?:increases?|raises?|adds?\s+to)\s+(?:its\s+|a\s+|any\s+)?(?:position|stake|holding)s?\b|\btops?\s+up\b", ("more",)),
    (r"\badds?\b|\bnew\s+(?:holding|stock|position|name)s?\b|\bnewly\b|\bbuys?\s+(?:a\s+|any\s+|"
     r"some\s+)?new\b[\s\w]*?(?:stocks?|holdings?|names?)?\b|\binitiates?\b", ("new",)),
    (r"\btrims?\b|\breduces?\b|\bcuts?\b|\bsells?\s+(?:some|part)\b", ("less",)),
    (r"\bsells?\b|\bsales?\b|\bselling\b", ("out", "less")),
    (r"\bbuys?\b|\bpurchases?\b|\bbuying\b", ("new", "more")),
    (r"\bweight(?:s|ings?)?\b", ("weight",)),
)  # fmt: skip
_ANY_CHANGE_EN = re.compile(r"\bchang\w*|\banything\b|\bsomething\b|\bmoves?\b|\bhappens?\b", re.IGNORECASE)

# What nobody is told of, by its words, and what it is called.
_NOT_TOLD: tuple[tuple[str, str, str], ...] = (
    (r"(?:\d[\d,.]*\s*(?:만|천|백)?|□)\s*원|\bwon\b|\bkrw\b", "price", "가격"),
    (r"가격|주가|종가|시가(?!총)|시세|현재가|호가|신고가|신저가|고점|저점|최고가|최저가|목표가|폭락|급락|급등|폭등|"
     r"떡상|떡락|손절|익절|반등|돌파|(?:\bprice\b)|상한가|하한가|전고점", "price", "가격"),
    (r"수익률|수익이|손실|\breturns?\b", "return", "수익률"),
    (r"거래량|거래대금|체결|\bvolume\b", "volume", "거래량"),
    (r"분배금|분배율|분배락|배당|\bdividends?\b|\bdistributions?\b", "distribution", "분배금"),
    (r"순자산(?!가치)|시가총액|시총|설정액|\baum\b|규모|운용\s?자산", "size", "순자산"),
    (r"신규\s?상장|새\s?(?:ETF|이티에프|상품)|상장(?!지수)|상폐|출시|신상|\blist(?:ed|ing)\b|\bdelist\w*|\blaunch\w*", "listing", "상장과 상장폐지"),
    (r"뉴스|공시|기사|호재|악재|\bnews\b", "news", "뉴스와 공시"),
    (r"환율|금리|코스피\s?지수|지수가|지수(?:가|도|는)?\s?\d", "index", "지수와 환율"),
    (r"순위|등수|\d+\s?위", "rank", "순위"),
    (r"유사도|겹치|비슷해", "overlap", "다른 ETF와 겹치는 정도"),
)  # fmt: skip
_PRICE_MOVES = re.compile(
    r"(?:떨어|오르|오를|올라|올랐|내려|내리|내릴|하락|상승|빠지|빠질|뛰|튀|물리|마이너스|플러스|급변|찍)[가-힣]*|"
    r"\b(?:falls?|rises?|gains?|drops?\s+(?:by|below|to|□)|goes\s+(?:up|down|above|below)|reaches|hits)\b",
    re.IGNORECASE,
)
_LEVEL = re.compile(
    r"비중(?:이|은)?\s*□?\s*(?:\S{1,6}\s+)?(?:을|를|이|가)?\s*(?:넘|이상|초과|되|미만|이하|밑|아래|돌파|"
    r"도달)[가-힣]*(?!.*(?:바뀌|변|늘|줄|움직|사|팔|달라|오르|내리|매))"
)


@dataclass
class Wished:
    """The kinds that are wished for, and what was wished for that nobody is told of (slug → Korean name).

    `any_change` says that some change is wished for without a word of which. `directed` says that only one direction of a
    change of weights was asked for.
    """

    kinds: tuple[Kind, ...] = ()
    not_told: dict[str, str] = field(default_factory=dict)
    any_change: bool = False
    directed: bool = False
    level: bool = False


def wished_events(text: str, *, english: bool) -> Wished:
    """Read the events of a text in which □ stands for a figure and names are blank."""
    found: set[Kind] = set()
    wished = Wished(level=_LEVEL.search(text) is not None)
    rest = text
    for pattern, slug, name in _NOT_TOLD:
        matched = re.search(pattern, rest, re.IGNORECASE)
        if matched:
            wished.not_told[slug] = name
            rest = re.sub(pattern, " ■ ", rest, flags=re.IGNORECASE)
    if not english:
        wished.directed = (
            re.search(
                r"비중이\s*(?:(?!\S*거나)\S+\s+){0,3}(?:늘|줄|오르|오를|내리|떨어|높아|낮아|커지|작아|빠지|증가|감소)",
                text,
            )
            is not None
        )
    for pattern, kinds in _ENGLISH if english else _KOREAN:
        if re.search(pattern, rest, re.IGNORECASE):
            found.update(kinds)
            rest = re.sub(pattern, " ■ ", rest, flags=re.IGNORECASE)
    if _PRICE_MOVES.search(rest) and not wished.not_told and not found & {"premium", "fee", "weight"}:
        wished.not_told["price"] = "가격"
        rest = _PRICE_MOVES.sub(" ■ ", rest)
    wished.kinds = in_order(found)
    if not wished.kinds and not wished.not_told:
        wished.any_change = (_ANY_CHANGE_EN if english else _ANY_CHANGE).search(rest) is not None
        wished.kinds = USUAL if wished.any_change else ()
    return wished
