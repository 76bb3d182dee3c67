"""Words that say yes or no to what was proposed, and nothing else: `네`, `응 설정해줘`, `아니요`, `됐어`."""

from __future__ import annotations

import re

LONGEST = 40
_END = r"[\s.,!~?^ㅎㅋ♡❤️👍🙏🙆:;)]*"
_YES_WORD = (
    r"(?:네+에*|넵+|넹|넴|녜|옙|예+|응+|어+|웅|엉|ㅇㅇ+|ㅇㅋ+|ㄱㄱ+|그래요?|그럼요?|그렇게|그대로|맞아요?|맞습니다|좋아요?|좋습니다|좋지|콜|당연(?:하지|히)?|오케이|오키|오께|"
    r"확인(?:했어요?|합니다)?|물론(?:이지|이죠|이에요)?|yes|yep|yeah|yup|y|ok(?:ay)?|sure|confirm(?:ed)?|please|do\s+it|go\s+ahead|set\s+it(?:\s+up)?|sounds\s+good|right|correct)"
)
_YES_ACT = (
    r"(?:(?:그렇게|그대로|이대로|바로|알림|좀|다)?\s*(?:설정|등록|진행|적용|추가|저장)\s*(?:해|할게|하자|부탁)[가-힣]*(?:\s(?:줘|주|드|달)[가-힣]*)?|해\s?(?:줘요?|주세요|주라|줄래요?|달라고?)|부탁(?:해요?|드려요?|합니다|드립니다)|켜\s?(?:줘요?|주세요)|꺼\s?(?:줘요?|주세요)|끄자|"
    r"하자|할게요?|해요)"
)
_YES = re.compile(rf"^{_END}(?:{_YES_WORD}{_END})*(?:{_YES_ACT}{_END})?$", re.IGNORECASE)
_NO_WORD = (
    r"(?:아니+(?:요|오|야|에요)?|아뇨|아냐|ㄴㄴ+|노노?|싫어요?|됐어요?|됐습니다|괜찮아요?|괜찮습니다|필요\s?없어요?|필요\s?없습니다|취소(?:해)?(?:요|\s?줘요?|\s?주세요|할게요?|합니다)?|그만(?:둘게요?|두자|해)?|"
    r"하지\s?(?:마|말자|마세요|말아\s?줘|말아\s?주세요)|안\s?(?:할래요?|할게요?|해요?|해도\s?돼요?)|관둬|관둘래|나중에(?:\s?할게요?)?|다음에(?:\s?할게요?)?|no|nope|nah|cancel|never\s?mind|don'?t|stop|not\s+now)"
)
_NO = re.compile(rf"^{_END}(?:{_NO_WORD}{_END})+$", re.IGNORECASE)


def consents(text: str) -> bool | None:
    """Whether a message agrees (True) or declines (False); None where it says anything else."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    if _NO.match(text):
        return False
    return True if re.search(r"\w", text) and _YES.match(text) else None
