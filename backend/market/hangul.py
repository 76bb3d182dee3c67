"""Korean letters: syllables taken apart and put together, initial consonants, and the two-set keyboard layout."""

from __future__ import annotations

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"

# Letters that take two key strokes; taken apart so that a syllable being typed is a prefix of the finished one.
COMPOUNDS = {
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ",
    "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
    "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ",
}  # fmt: skip
_JOINED = {pair: letter for letter, pair in COMPOUNDS.items()}

_LATIN_KEYS = "rRseEfaqQtTdwWczxvgkoiOjpuPhynbml"
_HANGUL_KEYS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ"
_KEYS = dict(zip(_LATIN_KEYS, _HANGUL_KEYS, strict=True))
_KEY_OF_LETTER = {letter: key for key, letter in _KEYS.items()}

_BASE = 0xAC00
_LAST = 0xD7A3


def is_syllable(character: str) -> bool:
    """Tell whether the character is a whole Hangul syllable (가 … 힣)."""
    return _BASE <= ord(character) <= _LAST


def is_letter(character: str) -> bool:
    """Tell whether the character is a lone Hangul letter (ㄱ … ㅣ)."""
    return "ㄱ" <= character <= "ㅣ"


def _parts(syllable: str) -> tuple[str, str, str]:
    index = ord(syllable) - _BASE
    return INITIALS[index // 588], MEDIALS[index % 588 // 28], FINALS[index % 28].strip()


_SYLLABLES = [chr(code) for code in range(_BASE, _LAST + 1)]
_LETTERS = {s: "".join(COMPOUNDS.get(letter, letter) for letter in _parts(s)) for s in _SYLLABLES}
_LETTERS.update(COMPOUNDS)
_INITIAL = {code: INITIALS[(code - _BASE) // 588] for code in range(_BASE, _LAST + 1)}


def letters(text: str) -> str:
    """Take every syllable apart into single key strokes: 삼성 → ㅅㅏㅁㅅㅓㅇ; other characters stay."""
    return "".join([_LETTERS.get(character, character) for character in text])


def initials(text: str) -> str:
    """Give each syllable's initial consonant: 삼성전자 → ㅅㅅㅈㅈ; other characters stay."""
    return text.translate(_INITIAL)


def is_initials(text: str) -> bool:
    """Tell whether the text is a query by initial consonants: at least two of them and no other Hangul."""
    found = sum(character in INITIALS for character in text)
    return found >= 2 and not any(is_syllable(c) or (is_letter(c) and c not in INITIALS) for c in text)


def compose(stream: str) -> str:
    """Put single letters together into syllables, as an input method does: ㅅㅏㅁㅅㅓㅇ → 삼성."""
    done: list[str] = []
    initial = medial = final = ""

    def flush() -> None:
        nonlocal initial, medial, final
        if initial and medial:
            index = INITIALS.index(initial) * 588 + MEDIALS.index(medial) * 28 + FINALS.index(final or " ")
            done.append(chr(_BASE + index))
        else:
            done.append(initial + medial)
        initial = medial = final = ""

    for letter in stream:
        if letter in MEDIALS:
            if final:
                last = COMPOUNDS.get(final, final)[-1]
                final = COMPOUNDS[final][0] if final in COMPOUNDS else ""
                flush()
                initial, medial = last, letter
            elif medial and medial + letter in _JOINED:
                medial = _JOINED[medial + letter]
            elif medial:
                flush()
                medial = letter
            else:
                medial = letter
        elif letter in INITIALS:
            joined = _JOINED.get(final + letter, "")
            if medial and not final and initial and letter in FINALS:
                final = letter
            elif final and joined in FINALS and joined:
                final = joined
            else:
                flush()
                initial = letter
        else:
            flush()
            done.append(letter)
    flush()
    return "".join(done)


def from_latin_keys(text: str) -> str:
    """Read text typed with the keyboard left on Latin: tkatjdwjswk → 삼성전자. Shifted keys count (R → ㄲ)."""
    return compose("".join(_KEYS.get(key, _KEYS.get(key.lower(), key)) for key in text))


def to_latin_keys(text: str) -> str:
    """Read text typed with the keyboard left on Hangul: ㅏㅐㅇㄷㅌ → kodex. Shifted keys come as capitals."""
    return "".join(_KEY_OF_LETTER.get(letter, letter) for letter in letters(text))


def particle(text: str, after_final: str, after_vowel: str) -> str:
    """Choose the particle that follows a word: 삼성(으로), 애플(로), 카카오(로). Digits are read in Korean."""
    last = next((c for c in reversed(text.strip()) if c.isalnum()), "")
    if is_syllable(last):
        final = _parts(last)[2]
        return after_vowel if not final or (final == "ㄹ" and after_final == "으로") else after_final
    if last.isdigit():
        return after_final if last in ("036" if after_final == "으로" else "013678") else after_vowel
    return after_final if last.lower() in "lmnr" and after_final != "으로" else after_vowel
