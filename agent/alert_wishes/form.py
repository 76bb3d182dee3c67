"""Whether a text wishes for an alert: `…면 알려줘`, `…때마다 디스코드로 알려줘`, `… 알림 꺼줘`, `notify me when …`.

Most questions end in `알려줘` and wish for nothing: what has to happen first makes the wish, and nothing may stand between it
and the telling but to whom, when and where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Action = Literal["set", "off", "list", "how", "add", "take_off", "watched", "scheduled"]

ALERT_NOUN = r"(?:알림|알람|알리미|노티(?:피케이션)?|푸시|푸쉬|통보|통지)"
_WORTH_A_LOOK = re.compile(
    rf"{ALERT_NOUN}|알려|알리|알릴|말해|말씀|얘기|이야기|연락|보내|울려|귀띔|메시지|메세지|문자|톡|관심|구독|"
    rf"디스코드|디코|워치\s?리스트|즐겨\s?찾기|찜한|별표|디엠|"
    r"\b(?:notif\w*|alerts?|let me know|tell me|inform me|warn me|ping me|message me|dm me|watch\s?list|heads.?up)\b",
    re.IGNORECASE,
)
WATCHED = re.compile(
    r"(?:(?:내|제|나의|저의|우리|my)\s*)?(?:관심\s*(?:등록한\s*|있는\s*)?(?:ETF|이티에프|목록|리스트|종목|상품|"
    r"펀드)(?:들|에\s*(?:있는|담긴|담은|넣은|등록한|등록된|올린)\s*(?:모든\s*)?(?:ETF|이티에프|것|거|종목|애)?들?)?"
    r"|워치\s?리스트(?:에\s*(?:있는|담긴|넣은)\s*(?:모든\s*)?(?:ETF|것|거)?들?)?|즐겨\s?찾기(?:한|에\s*있는)?(?:\s*(?:ETF|것|거|종목)들?)?"
    r"|(?:찜한|찜해\s?둔|찜해\s?놓은|별표\s*(?:한|친|누른|표시한))\s*(?:ETF|것|거|상품|종목)들?"
    r"|내가\s*(?:지켜\s?보는|보는|보고\s?있는|관심\s?있는|등록한|등록해\s?둔|찜한|담아\s?둔)\s*(?:ETF|이티에프|상품|종목)들?"
    r"|watch\s?list(?:ed)?(?:\s+etfs?)?|etfs?\s+(?:on|in)\s+(?:my|the)\s+watch\s?list|watched\s+etfs?|etfs?\s+(?:that\s+)?i\s+(?:watch|follow))"
    r"|(?<![가-힣])내\s*(?:ETF|이티에프)(?:들)?(?![가-힣]*\s*(?:계좌|수익))|\bmy\s+etfs\b",
    re.IGNORECASE,
)

# To whom, where and when: what may stand between the event and the telling.
_BETWEEN = (
    r"(?:[\s,.~!]|바로바로|바로|즉시|곧바로|즉각|그때그때|그때마다|그때|그날|꼭|좀|한\s?번씩?|매번|항상|계속|제발|"
    r"미리|빨리|얼른|다|모두|앞으로|이제|이제부터|오늘부터|내일부터|"
    r"나한테도?|나에게|내게|저한테|저에게|제게|나도|나|저|우리한테|"
    r"(?:디스코드|디코|discord|화면|웹|페이지|사이트|홈페이지|브라우저|앱|어플|카톡|카카오톡|문자|메시지|메세지|"
    r"이메일|메일|텔레그램|텔레|슬랙|푸시|푸쉬|종|DM|디엠|sms|slack|telegram|채팅|여기)"
    r"(?:\s*(?:알림|메시지|메세지|채널|웹훅))?(?:으로도|로도|으로만|로만|에서만|에만|으로|로|에서|에다가?|에도|에|"
    r"도|만|랑|이랑|과|와|하고|은|는|이나|나)?(?:\s*(?:말고|없이|빼고|제외하고))?|"
    r"알림(?:으로|을|도|만)?|알람(?:으로|을)?|노티(?:로|를)?|푸시(?:로|를)?|통보(?:로|를)?|신호를?|"
    r"매일|아침(?:에|마다)?|저녁(?:에|마다)?|점심(?:에)?|밤(?:에)?|오전|오후|장\s?(?:마감|시작)\s?(?:후|전)?(?:에)?|\d{1,2}\s*시(?:\s*\d{1,2}\s*분)?(?:에|쯤)?|"
    r"하루에?\s*한\s?번|일주일에\s*한\s?번|그\s*(?:내용|사실|종목|내역)(?:을|도)?|어떤\s*종목인지도?|뭔지도?|"
    r"얼마나\s*(?:바뀌었는지|팔았는지|샀는지|변했는지)도?)*"
)
_POLITE = r"[가-힣\s]{0,14}"
_TELLING = (
    r"(?:(?:알려|알리|알릴|말해|말씀|얘기해|이야기해|연락|귀띔|통보|통지|공지|톡|콜|알림|알람|노티|푸시|푸쉬|메시지|"
    r"메세지|문자|카톡|디엠|DM|보내|울려|울리|띄워|날려|쏴|핑|신호|와\s?줘|뜨게|오게|받)"
    rf"(?:을|를|이|가|으로|로|도|만|좀)?{_POLITE}[\s.!~?^ㅎㅋ;:)]*$"
    r"|(?:디스코드|디코)(?:로|에)(?:만|도)?[\s.!~]*$)"
)
_EVENT_NOUN = (
    r"(?:변경|변동|변화|매도|매수|매입|편입|편출|제외|교체|발생|초과|돌파|이탈|인하|인상|조정|리밸런싱|매매|거래|"
    r"처분|상승|하락|급등|급락|추가|축소|확대)"
)
_CONDITION = re.compile(
    r"^(?P<event>.*?(?:"
    r"[가-힣]면(?:은|요)?|거든|[가-힣]\s?(?:때|경우)(?:마다|에만|에는|에|는|만|면)?|적마다|는\s?대로|자마자|는\s?(?:순간|즉시)(?:에만|에|마다)?|"
    rf"{_EVENT_NOUN}\s?시(?:에만|에는|에|마다)?"
    rf"))(?=[\s,]|{_TELLING}){_BETWEEN}(?P<telling>{_TELLING})",
    re.IGNORECASE,
)
_QUESTIONING = re.compile(r"뭐|무엇|무슨|얼마|어느|몇|언제|왜|어떻게|어떤지|은지|는지|을지|일지|인지|차이|방법")
# `있으면 알려줘` asks whether there are any, unless what may be there is yet to come.
_EXISTS = re.compile(
    r"(?:있|없|많|괜찮|가능하|알|된다|되|하|보|좋|궁금하|그러|이러|아니|맞|같|비슷하|비교하|치|따지|정렬하|말하|"
    r"뽑으|고르|추리|빼|제외하|넣으|나누|더하|합치|묶으|모으)(?:으면|다면|면)(?:은|요)?$"
)
_TO_COME = re.compile(
    r"(?:하는|되는|담는|사는|파는|빠지는|들어오는|들어가는|나가는|바뀌는|변하는|늘리는|줄이는|늘어나는|줄어드는|"
    r"빼는|편입하는|넣는|움직이는)\s*(?:종목|주식|것|게|거|회사|기업)(?:이|가|들이)?\s*(?:있|나오|생기)"
    r"|(?:변화|변동|변경|편입|편출|매도|매수|매매|거래|교체|리밸런싱|일|소식|조정)(?:이|가|도|라도)?\s*(?:있|생기|나오)",
)
_EACH_TIME = re.compile(r"(?:[았었했됐샀겼렸]|[가-힣]었|[가-힣]았)다\s?하면$")
_ANY_ETF = re.compile(r"(?:ETF|이티에프|상품|펀드)(?:이|가|들이)?\s*(?:있|나오|생기)", re.IGNORECASE)
_LAST_VERB = re.compile(r"([가-힣])(?:으면|다면|더라면|을\s?(?:때|경우)(?:마다|에는|에)?|거든)(?:은|요)?$")
_OCCASION = re.compile(r"([가-힣])\s?(?:때|경우)(?:마다|에만|에는|에|는|만|면)?$")
_PAST_TIME = re.compile(
    r"어제|그제|지난|최근|작년|올해|이번\s?(?:주|달|분기)|지금까지|요즘|오늘(?!부터)|\d+월|\d{4}년|동안|전에"
)
_PAST_CASE = re.compile(
    r"(?:판|산|담은|바뀐|변한|뺀|줄인|늘린|오른|내린|한|된|던)\s?(?:경우|때|순간)(?:에만|에|마다)?$"
)
# Verbs that are stems of a supposition, and of nothing that happens to an ETF.
_SUPPOSED = re.compile(
    r"(?:비교|정렬|가정|계산|기준으로|따지|투자|예를\s?들|순으로|말하|요약|정리|설명)[가-힣\s]*면(?:은|요)?$|"
    r"(?:내가|제가|우리가)\s.*(?:사|팔|담|매수하|매도하|투자하)[가-힣]*면$"
)

_OFF = re.compile(
    rf"(?:{ALERT_NOUN}|메시지|메세지|디스코드|디코|구독)(?:들)?(?:을|를|은|는|도|만|이|가|으로|"
    rf"로)?(?:\s*(?:오는\s*(?:거|것)|설정|받는\s*(?:거|것)|보내는\s*(?:거|것))(?:을|를|은|도)?)?"
    r"(?:\s*(?:모두|전부|다|싹|좀|이제|전체|제발|당장|잠시|잠깐|한동안|당분간|그만|더\s?이상|더는))*\s*"
    r"(?:꺼|끄|끌|끔|off|오프|해제|취소|중지|중단|그만|삭제|지워|지우|없애|빼|차단|정지|멈|안\s?(?:받|보내|와|왔|"
    r"오)|받지\s?않|받기\s?싫|보내지\s?(?:마|말|않)|오지\s?않|음소거|해지|필요\s?없|싫)"
    r"(?!.*(?:어떻게|방법|어디))"
    r"|(?:알려|알리|보내|말하|통보하|연락하|얘기하)[가-힣]*\s?지\s*(?:마|말아|말아라|않아도|않았으면)[가-힣\s]*[\s.!~?]*$"
    r"|(?:그만|이제\s?그만|더\s?이상은?\s?그만)\s*(?:좀\s*)?(?:알려|알리|보내|말해|울려|연락)[가-힣\s]*[\s.!~?]*$"
    r"|(?:이제|더는|더\s?이상|다시는|앞으로)(?:는|은)?\s*.*안\s*(?:알려|알리|보내|말해)[가-힣\s]*[\s.!~?]*$",
    re.IGNORECASE,
)
_LIST = re.compile(
    rf"(?:내가?|제가?|나의|저의|지금|현재)?\s*(?:설정된|설정한|설정해\s?둔|등록된|등록한|등록해\s?둔|켜진|켜\s?둔|"
    rf"켜놓은|받는|받고\s?있는|걸어\s?둔|걸어\s?놓은|걸린|신청한)?\s*{ALERT_NOUN}(?:들)?"
    r"\s*(?:설정|목록|리스트|내역|현황|상태|조건|기준|종류|이력)?(?:들)?(?:을|를|이|가|은|는|도|에)?\s*(?:좀|다|전부|모두|뭐가|뭐뭐|지금|현재)?\s*"
    r"(?:보여|알려|확인|조회|볼래|볼\s?수|보고\s?싶|뭐|무엇|뭔|어떤|몇|어디서\s?(?:봐|보|확인)|어떻게\s?(?:돼\s?있|"
    r"되어\s?있|설정돼)|(?:설정|등록)(?:돼|되어)\s?있|켜져\s?있|걸려\s?있|있(?:나|니|어|는지|지|습니까|어요))"
    rf"|(?:어떤|무슨|뭔)\s*{ALERT_NOUN}|{ALERT_NOUN}\s*(?:목록|리스트|내역|현황)[\s?.!]*$|^(?:내|제|나의)\s*{ALERT_NOUN}(?:\s*설정)?(?:은|는)?[\s?.!]*$",
    re.IGNORECASE,
)
_HOW = re.compile(
    rf"{ALERT_NOUN}.*(?:어떻게|방법|하는\s?법|기능|가능|되나|되니|되는지|돼\?|됩니까|될까|뭐야|뭔가요|"
    rf"할\s?수\s?(?:있|없)|받을\s?수\s?(?:있|없)|지원|종류|안\s?(?:와|옴|오))"
    rf"|(?:어떻게|어디서).*{ALERT_NOUN}",
)
_SET = re.compile(
    rf"{ALERT_NOUN}(?:들)?(?:을|를|이|가|도|은|는|만|으로|로|에)?\s*(?:좀|다시|하나|바로|꼭|새로|한\s?번)*\s*"
    rf"(?:설정|등록|켜|킬래|걸|추가|신청|만들|맞춰|맞추|해\s?(?:줘|주|달|놔|둬)|하자|할래|줘|주세요|주라|받|보내|"
    rf"부탁|원해|원합|필요|울려|울리게|오게|오도록|띄워|구독|온|on){_POLITE}[\s.!~?]*$"
    rf"|{ALERT_NOUN}[\s.!~?]*$|구독\s*(?:해|할|하고\s?싶|신청|추가){_POLITE}[\s.!~?]*$",
    re.IGNORECASE,
)
_PUT_ON = re.compile(
    r"(?:에|으로|로)?\s*(?:.{0,40})?(?:추가|넣어|넣을|넣자|담아\s?줘|담아\s?두|등록해|등록할|올려|저장해|찜해)",
    re.IGNORECASE,
)
_TAKEN_OFF = re.compile(r"(?:에서|목록)\s*.*(?:빼|지워|지우|삭제|제거|없애|내려)")
_SCHEDULED = re.compile(
    r"(?:(?:매일|매주|매달|매월|평일)(?:\s?(?:아침|저녁|밤|오전|오후|점심|새벽|장|[월화수목금토일]요일|"
    r"\d{1,2}\s*(?:시|일)))|날마다|(?:아침|저녁|밤|점심|[월화수목금토일]요일|주말|평일|\d{1,2}\s*시|"
    r"장\s?마감)\s?마다|하루에?\s*한\s?번(?:씩)?|일주일에\s*한\s?번(?:씩)?)"
    r".*(?:알려|보내|말해|보고|알림|브리핑|요약해)[가-힣\s]*[\s.!~?]*$"
)

_EN_TELL = (
    r"\b(?:notify|alert|ping|message|dm|email|text|warn|inform|remind)\s+me\b|\bsend\s+me\s+an?\s+(?:alert|"
    r"notification|message|dm|ping|discord\s+message)\b"
)
_EN_SOFT = r"\b(?:let\s+me\s+know|tell\s+me|give\s+me\s+a\s+heads?[- ]?up|i\s+want\s+to\s+know)\b"
_EN_WHEN = r"(?:when(?:ever)?|if|once|as\s+soon\s+as|each\s+time|every\s+time|any\s?time)\b"
_EN_SET = re.compile(
    rf"(?:{_EN_TELL})|\b(?:set|create|add|make|turn\s+on|switch\s+on|enable|start)\b[^.?]*\b(?:alerts?|"
    rf"notifications?)\b|^\s*(?:price\s+)?alerts?\s+(?:for|on|when)\b|\bi\s+(?:want|need|would\s+like)\s+(?:an?\s+|"
    rf"to\s+get\s+)?(?:alerts?|notif\w*)",
    re.IGNORECASE,
)
_EN_LIKELY = re.compile(
    rf"(?:{_EN_SOFT})[^.?]*?\b{_EN_WHEN}(?P<event>.*)|^\s*(?:when(?:ever)?|once|as\s+soon\s+as)\b(?P<event2>.*?),?\s*(?:please\s+)?(?:{_EN_SOFT})",
    re.IGNORECASE,
)
_EN_EVENT = re.compile(
    r"\b(?:buys?|sells?|adds?|drops?|removes?|trades?|changes?|moves?|shifts?|exceeds?|trims?|cuts?|reduces?|"
    r"raises?|lowers?|increases?|decreases?|rebalances?|crosses|gets?|goes|rises?|falls?|hits?|reaches|swaps?|"
    r"exits?|is\s+renamed|renames?|widens?)\b",
    re.IGNORECASE,
)
_EN_PAST = re.compile(
    r"\b(?:was|were|did|has|have|had|bought|sold|added|dropped|removed|changed|traded|cut|raised|increased|decreased|rebalanced|listed|moved)\b",
    re.IGNORECASE,
)
_EN_OFF = re.compile(
    r"\b(?:turn|switch)\s+off\b[^.?]*\b(?:alerts?|notifications?)\b|\b(?:turn|switch)\b[^.?]*\b(?:alerts?|"
    r"notifications?)\s+off\b|\b(?:stop|disable|mute|cancel|remove|delete|no\s+more|"
    r"unsubscribe)\b[^.?]*\b(?:alerts?|alerting|notif\w*|telling\s+me|messag\w*)\b|\bdon'?t\s+(?:notify|alert|tell|"
    r"message|ping)\s+me\b(?!\s+(?:that|about\s+the\s+answer))",
    re.IGNORECASE,
)
_EN_LIST = re.compile(
    r"\b(?:show|list|view|see|check|what\s+are|what|which)\b[^.?]*\b(?:my|active|current)\s+(?:alerts?|"
    r"notifications?)\b|\b(?:which|what)\s+alerts?\b|^\s*my\s+alerts?\s*[?.!]*$|\bmy\s+(?:alert|"
    r"notification)\s+settings\b",
    re.IGNORECASE,
)
_EN_HOW = re.compile(
    r"\bhow\b[^.?]*\b(?:alerts?|notif\w*)\b|\bcan\s+(?:i|you)\s+(?:get|set|have|send)\b[^.?]*\b(?:alerts?|notif\w*)\b\s*\?*$",
    re.IGNORECASE,
)
_EN_PUT_ON = re.compile(r"\b(?:add|put)\b.*\bwatch\s?list\b", re.IGNORECASE)
_EN_TAKEN_OFF = re.compile(r"\b(?:remove|delete|take)\b.*\bwatch\s?list\b", re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """How a text asks: what is wished for, and the part of the text that says of which ETF and of which event."""

    action: Action
    body: str
    english: bool = False


def worth_a_look(text: str) -> bool:
    """Whether a text has any word of a wish; ordinary questions are mostly spared the rest."""
    return _WORTH_A_LOOK.search(text) is not None


def form_of(text: str) -> Form | None:
    """The form of a wish about alerts or the watchlist; None for every other text. `text` is one line."""
    if not worth_a_look(text):
        return None
    return _korean(text) if re.search("[가-힣]", _without_names(text)) else _english(text)


def _without_names(text: str) -> str:
    # English sentences name Korean ETFs and stocks: what matters is the language of the rest.
    return text if len(re.findall(r"[a-z]{2,}", text)) < 4 else ""


def _korean(text: str) -> Form | None:
    if _OFF.search(text):
        return Form("off", text)
    wished = condition(text)
    if wished is not None:
        return Form("set", wished)
    if WATCHED.search(text):
        if _TAKEN_OFF.search(text):
            return Form("take_off", text)
        if not re.search(ALERT_NOUN, text) and _PUT_ON.search(text, WATCHED.search(text).start()):
            return Form("add", text)
    if re.search(ALERT_NOUN, text) and not re.search(r"알림(?:이|의)\s?(?:뜻|의미)", text):
        if _LIST.search(text) and not re.search(
            rf"{ALERT_NOUN}\s*(?:설정|등록|추가)?\s*(?:좀\s*)?(?:해|하고)\s?(?:줘|주|싶)", text
        ):
            return Form("list", text)
        if _HOW.search(text):
            return Form("how", text)
    if _SET.search(text):
        return Form("set", text)
    if _SCHEDULED.search(text):
        return Form("scheduled", text)
    return Form("watched", text) if WATCHED.search(text) else None


def condition(text: str) -> str | None:
    """What has to happen, of `…면 알려줘`; None where nothing is yet to happen."""
    found = _CONDITION.match(text)
    if found is None:
        return None
    event = found["event"].strip()
    between = text[found.end("event") : found.start("telling")]
    past = _LAST_VERB.search(event)
    if past is not None and (ord(past[1]) - 0xAC00) % 28 == 20 and past[1] not in "있겠":
        # A syllable that ends in ㅆ: `팔았으면`, `바뀌었을 때`.
        return None
    occasion = _OCCASION.search(event)
    if (
        occasion is not None
        and (ord(occasion[1]) - 0xAC00) % 28 != 8
        and occasion[1] != "는"
        and not re.search(rf"{_EVENT_NOUN}\s?때", event)
    ):
        # `판 경우`, `어느 때`: only what is yet to come, `팔 때`, `파는 경우`, is waited for.
        return None
    if (
        _QUESTIONING.search(found["telling"])
        or (_SUPPOSED.search(event) and not WATCHED.search(event))
        or _PAST_CASE.search(event)
    ):
        return None
    to_come = _TO_COME.search(event) is not None and not _PAST_TIME.search(event) and not _ANY_ETF.search(event)
    if _EXISTS.search(event) and not to_come and not _becomes(event) and not _EACH_TIME.search(event):
        return None
    # Where it is told stands behind the event, and is read with it.
    return f"{event} {between.strip()} {_channel_of(found['telling'])}".strip()


def _becomes(event: str) -> bool:
    """`제외되면`, `편입하면`, `2%가 되면`, `비중을 빼면`: verbs that are more than a supposition."""
    return re.search(
        rf"(?:{_EVENT_NOUN}|전량|새로|신규|교체|정리|청산|제거|퇴출|탈락|개명|상장|상폐|폐지|지급|변|거래|돌파)\s*(?:을|를|이|가|도)?\s*(?:하|되|된다)(?:다?면)"
        r"|[\d.]+\s*(?:%|퍼센트|퍼|프로|만\s?원|천\s?원|원|조|억)[가-힣]?\s*(?:이|가|까지|대가?)?\s*(?:되|하|된다)(?:다?면)|종목[^,]*빼면|변하면|빼면$",
        event,
    ) is not None and not re.search(r"(?:말고|보다)\s", event)


def _channel_of(telling: str) -> str:
    return " ".join(re.findall(r"카톡|문자|메일|푸시|DM|디엠", telling))


def _english(text: str) -> Form | None:
    if _EN_OFF.search(text):
        return Form("off", text, english=True)
    if _EN_TAKEN_OFF.search(text):
        return Form("take_off", text, english=True)
    if _EN_PUT_ON.search(text):
        return Form("add", text, english=True)
    if _EN_LIST.search(text):
        return Form("list", text, english=True)
    if _EN_HOW.search(text):
        return Form("how", text, english=True)
    if _EN_SET.search(text):
        return Form("set", text, english=True)
    likely = _EN_LIKELY.search(text)
    if likely is not None:
        event = likely["event"] or likely["event2"] or ""
        if _EN_EVENT.search(event) and not _EN_PAST.search(event):
            return Form("set", text, english=True)
    return Form("watched", text, english=True) if WATCHED.search(text) else None
