"""A text read as a wish: its form, its ETFs, its events, its figures, and where to tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent.alert_wishes.events import Wished, wished_events
from agent.alert_wishes.figures import Figure, figures
from agent.alert_wishes.form import ALERT_NOUN, WATCHED, Form, form_of
from agent.alert_wishes.naming import Named, last_of, means_several, named, pointed_at, points_back, with_likely
from agent.alert_wishes.places import WORDS, Place, place
from agent.alert_wishes.proposal import in_order
from agent.composition.sub_questions import SubQuestions
from agent.follow_up.words import content
from agent.reading.question import Question, Subject
from agent.reading.understanding import plain

# How many wishes that build on one another are looked back on.
_MOST_BACK = 4
_BLANK = "·"
# Words of asking for an alert, in which no name is looked for.
_ASKING = re.compile(
    rf"{ALERT_NOUN}[가-힣]*(?:\s*(?:설정|등록|신청|추가|해제|취소|좀|다시|모두|전부|다|그만|"
    rf"이제)[가-힣]*)*(?:\s*(?:켜|꺼|끄|끌|걸|받|보내|해|줘|주|부탁|울려|만들|맞춰|싶|할|그만|안|않|와|원|필요|빼|"
    rf"지워|없애|멈|중지|삭제)[가-힣]*)*"
    r"|(?:알려|알리|알릴|말해|보내|연락|얘기|통보|공지|귀띔|구독)[가-힣]*(?:\s*(?:줘|주세요|주라|주라고|줄래|줄|수|"
    r"있어|있나요|마|말아|말고|마세요|않아도|돼|됩니다|할래|하고|싶어|해줘|취소|해지)[가-힣]*)*|(?:메시지|메세지|"
    r"문자)[가-힣]*|"
    r"(?<![가-힣])(?:그만|이제부터|이제|더\s?이상은?|더는|다시는|앞으로는?|바로|즉시|꼭|제발|나한테|저한테|나에게|"
    r"저에게|혹시|만약에?|만일|앞으로|하나라도|조금이라도|뭐라도|뭔가|무언가|무엇이든|무엇인가|뭘|뭐|어떤|누가|"
    r"지금부터|오늘부터)(?![가-힣])"
    r"|\b(?:notif\w+|alerts?|alerting|let\s+me\s+know|tell(?:ing)?\s+me|inform\s+me|warn\s+me|ping\s+me|"
    r"message\s+me|dm\s+me|email\s+me|text\s+me|remind\s+me|please|when(?:ever)?|if|once|as\s+soon\s+as|each\s+time|"
    r"every\s+time|set(?:\s+up)?|create|add|put|new|out|all|turn|switch|on|off|stop|disable|mute|cancel|enable|me|an?|for|about|"
    r"by|more|than|over|at\s+least|something|anything|stocks?|holdings?|discord|page|only|percentage|points?|i|want|"
    r"to|get|would|like|from|the|its?|any|of|in|and|or|send|via|settings?|moves?|changes?|changed|exceeds?|goes|"
    r"above)\b",
    re.IGNORECASE,
)
_SPARE = re.compile(
    r"^(?:비중|변|바뀌|바뀔|팔|판|파는|사|살|담|매수|매도|편입|편출|빼|줄|늘|괴리|보수|이름|종목|구성|새로|신규|"
    r"추가|전량|전부|모두|다|더|일부|조금|넘|이상|초과|거나|또는|그리고|경우|때|순간|즉시|대로|생기|나오|있|들어|"
    r"나가|빠지|물량|교체|리밸|알|벌어|커지|달라|움직|포인트|퍼|프로|정도|만큼|관심|목록|내|제|우리|뭐|뭔|누|하나|"
    r"조금|되|하|사고|팔고|매매|거래|명|크게|많이|심하게|갑자기|절반|반|가격|주가|떨어|오르|내리|배당|분배|순자산|"
    r"거래량|상장|뉴스|공시|시|쯤|부터|까지|찍|도달|돌파|수익|화면|웹|페이지|사이트|앱|종|채널|웹훅|추가하|넣|담아|"
    r"등록|올려|찜|상품|펀드|얘|이거|그거|방금|아까|그중|번|(?:reaches|hits|falls|rises|drops|goes|below|above|won|"
    r"krw|price|weights?|buys?|sells?|adds?|trades?)\b)"
)
_MODIFYING = re.compile(
    r"^(?:[\s,.!~·□■]|으로도|으로만|으로|로도|로만|로|이상|이하|넘게|넘으면|초과|만|도|까지|바꿔|바꾸|변경|수정|해|"
    r"하|줘|주세요|줄래|주|보내|받|알림|기준|기준을|은|는|을|를|이|가|하고|그리고|추가|넣|싶어|할래|요|정도|면|때|알려|네|응|"
    r"아니|그냥|말고|대신|에서|에|좀|그럼|그러면|그건|이건|포함|같이|함께|설정|크기|임계값|문턱|한도|to|make|it|use|"
    r"on|only|also|and|please|instead|threshold|the|at|least|more|than|or)+$",
    re.IGNORECASE,
)
_ADDED = re.compile(
    r"도(?:\s|$|[.,!?]|추가|같이|넣|포함|알려|해|부탁|설정|등록|켜)|까지|추가|포함|also|as well|too|and\b",
    re.IGNORECASE,
)
# A word to the proposal alone, which says nothing of what is wished for.
_WORD = re.compile(
    r"(?:네+|넵|예|응|어|ㅇㅇ|ㅇㅋ|좋아요?|그래|아니요?|아뇨|됐어요?|설정해\s?줘요?|ok|okay|yes|no)[\s.,!~]*$",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^(?:(?:응|네|예|어|그래|좋아|아니|아뇨|그리고|그럼|그러면|또|아 참|참)[\s,.!]+)+")


@dataclass(frozen=True)
class Wish:
    """What a text wishes for, as far as it was understood; `question` are its tokens, at the places of `text`."""

    form: Form
    text: str
    question: Question
    names: Named
    events: Wished
    figures: tuple[Figure, ...]
    place: Place
    etfs: tuple[Subject, ...] = ()
    unsure: tuple[Subject, ...] = ()
    watched: bool = False
    explicit: bool = False
    continued: bool = field(default=False, compare=False)


def wish_of(asking: SubQuestions, text: str, asked: Sequence[str]) -> Wish | None:
    """The wish that a text is, after the questions `asked` before it; None where it is an ordinary question."""
    text = plain(text)
    form = form_of(text)
    if form is not None:
        return _resolved(asking, _read(asking, text, form), asked)
    return _continued(asking, text, asked)


def _read(asking: SubQuestions, text: str, form: Form) -> Wish:
    names = [
        (piece.start, piece.end)
        for piece in asking.names.pieces(text)
        if piece.end - piece.start >= 3 and set(piece.value.kinds) & {"etf", "stock", "company"}
    ]
    # A name that is a word of the wish as well stays a name only where it is longer.
    measured = figures(text, [span for span in names if span[1] - span[0] >= 5])
    spans = [(figure.start, figure.end) for figure in measured]
    spans += [
        found.span()
        for pattern in (WATCHED, WORDS, _ASKING)
        for found in pattern.finditer(text)
        if found.end() > found.start()
    ]
    covered = [
        span for span in spans if not any(one[0] <= span[0] and span[1] <= one[1] and one != span for one in names)
    ]
    question = asking.understand(_blanked(text, covered))
    found = named(question, lambda word: _SPARE.match(word) is not None)
    if found.groups and form.action != "watched":
        with asking.context.database.reading() as connection:
            found = with_likely(found, question, connection)
    kept = [(token.start, token.end) for token in question.tokens if token.is_entity or token.kind == "ambiguous"]
    kept = [span for span in kept if not _SPARE.match(text[span[0] : span[1]]) or span in names]
    told = [(figure.start, figure.end) for figure in measured]
    eventful = _blanked(text, [*kept, *[found.span() for found in WATCHED.finditer(text)]], " ")
    for start, end in told:
        eventful = eventful[:start] + "□" + " " * (end - start - 1) + eventful[end:]
    if form.action != "set":
        eventful = (
            _ASKING.sub(" ", eventful)
            if not form.english
            else re.sub(_ASKING.pattern.rsplit(r"|\b(?:notif", 1)[0], " ", eventful)
        )
    watching = WATCHED.search(text) is not None and not found.etfs
    explicit = re.search(ALERT_NOUN + "|구독", text) is not None or form.english
    events = wished_events(re.sub(ALERT_NOUN + r"|구독", " ", eventful), english=form.english)
    return Wish(
        form,
        text,
        question,
        found,
        events,
        tuple(measured),
        place(text),
        found.etfs,
        watched=watching,
        explicit=explicit,
    )


def _blanked(text: str, spans: Sequence[tuple[int, int]], by: str = _BLANK) -> str:
    characters = list(text)
    for start, end in spans:
        characters[start:end] = by * (end - start)
    return "".join(characters)


def _resolved(asking: SubQuestions, wish: Wish, asked: Sequence[str]) -> Wish:
    """The wish with the ETFs that it points to in the conversation."""
    if wish.etfs or wish.watched or wish.form.action in ("list", "how"):
        return wish
    pointing = points_back(wish.question)
    lacking = not (
        wish.names.groups or wish.names.ambiguous or wish.names.every or wish.names.unknown or wish.names.stocks
    )
    if not pointing and (not lacking or wish.form.action in ("off", "scheduled", "watched")):
        return wish
    before = previous(asking, asked)
    if before is not None and before.etfs:
        subjects = list(before.etfs)
        if means_several(wish.question) or not pointing or len(subjects) == 1:
            return replace(wish, etfs=tuple(subjects))
        return replace(wish, unsure=tuple(subjects))
    turn = last_of(asking, asked)
    subjects = pointed_at(wish.question, turn)
    several = means_several(wish.question)
    if len(subjects) == 1 or (several and subjects):
        return replace(wish, etfs=tuple(subjects), names=replace(wish.names, groups=()))
    return replace(wish, unsure=tuple(subjects))


def previous(asking: SubQuestions, asked: Sequence[str]) -> Wish | None:
    """The wish that was said last, if the last thing said was one."""
    asked = list(asked)
    while asked and _WORD.match(asked[-1].strip()):
        asked.pop()
    if not asked:
        return None
    recent = [text for text in asked[-_MOST_BACK:] if len(text) <= 1_000]
    if not recent or not any(form_of(plain(text)) for text in recent):
        return None
    found = wish_of(asking, recent[-1], recent[:-1])
    return found if found is not None and found.form.action in ("set", "off", "add") else None


def _continued(asking: SubQuestions, text: str, asked: Sequence[str]) -> Wish | None:
    """`TIGER 200도`, `2%p로 바꿔줘`, `디스코드로`, `괴리율도` after a wish: that wish, changed so far."""
    text = text[found.end() :] if (found := _OPENING.match(text)) else text
    if not asked or not text or len(text) > 60 or not any(form_of(plain(one)) for one in asked[-_MOST_BACK:]):
        return None
    before = previous(asking, asked)
    if before is None:
        return None
    form = Form("set" if before.form.action == "add" else before.form.action, text, before.form.english)
    said = _read(asking, text, form)
    words = [token for token in content(said.question) if token.kind not in ("etf", "etf_word", "ambiguous")]
    if said.etfs and not words and not said.events.kinds:
        etfs = (
            (*before.etfs, *said.etfs)
            if re.search(r"도\b|까지|also|too", text) and said.form.action == "off"
            else said.etfs
        )
        return replace(
            before,
            text=text,
            etfs=tuple(dict.fromkeys(etfs)),
            unsure=(),
            watched=False,
            names=said.names,
            continued=True,
        )
    if said.etfs or said.names.stocks or said.names.groups or said.names.unknown or said.watched:
        return None
    rest = re.sub(r"[가-힣A-Za-z%]*디스코드|디코|화면|페이지|discord", "", text)
    if said.events.kinds and (_ADDED.search(text) is None or said.events.any_change):
        return None
    if said.events.kinds:
        rest = re.sub(
            r"신규|편입|편출|전량|매도|매수|추가|일부|비중|변화|변동|괴리율?|보수|변경|이름|매매|구성|종목|교체",
            "",
            rest,
        )
    for figure in said.figures:
        rest = rest.replace(text[figure.start : figure.end], "")
    something = bool(said.figures or said.events.kinds or said.place.discord is not None or said.place.others)
    if not something or not (not rest.strip() or _MODIFYING.match(rest.strip())):
        return None
    kinds = in_order({*before.events.kinds, *said.events.kinds})
    measured = said.figures or before.figures
    channel = said.place if said.place.discord is not None or said.place.others else before.place
    return replace(before, events=replace(before.events, kinds=kinds), figures=measured, place=channel, continued=True)


def spoken_of_in_wish(asking: SubQuestions, asked: Sequence[str]) -> tuple[Subject, ...]:
    """The ETFs of a wish that was said last: a question after it may be about them."""
    if form_of(plain(asked[-1])) is None:
        return ()
    found = previous(asking, asked)
    return () if found is None else found.etfs
