"""The slow twins of `mask` and `templates`: words as strings, templates as lists.

They are written from the docstrings of the kernels and share no code with them, so that a slip is made only once.
"""

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

WILD = ("", "wild")
Word = tuple[str, str]
"""What it says, and its kind: wild, plain, name, numbered or date."""

BEYOND = "\x80-\U0010ffff"
SEPARATORS = "\x00-\x20\x7f,;()\\[\\]{}<>\"'=|&!?`\xa0\u3000-\u3004\u3006\u3008-\u303f\uff01-\uff0f\uff1a-\uff20"
SEPARATOR = re.compile(f"[{SEPARATORS}]")
QUOTED = re.compile(f"(?<![A-Za-z0-9_.{BEYOND}])([\"'])((?:(?!\\1)[^\n])*)\\1(?![A-Za-z0-9{BEYOND}])")
TO_PATH_END = re.compile("[^\x00-\x20\x7f,;()\\[\\]{}<>\"'|`]*")
LITERALS = "true false null True False Null TRUE FALSE NULL None none nil NaN undefined"
UNITS = "B kB KB MB GB TB KiB MiB GiB TiB b Kb Mb Gb ns us µs ms s sec secs min mins h hrs Hz kHz MHz GHz"
DATES = "Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec AM PM am pm UTC GMT Z"
DATES += " EST EDT CST CDT MST MDT PST PDT BST IST CET CEST EET EEST JST"


def shape(message: str) -> list[Word]:
    """The words of a message that are left when values are wild cards and lists have one element."""
    words: list[Word] = []
    position, value = 0, False
    while position < len(message):
        if SEPARATOR.match(message, position):
            quoted = QUOTED.match(message, position)
            if message[position] == "=":
                value = True
            elif quoted and (value or not re.search("[\x00-\x20]", quoted[2])):
                append(words, WILD)
                position, value = quoted.end(), False
                continue
            position += 1
            continue
        stop, whole = word_end(message, position)
        if whole:
            append(words, WILD)
        else:
            value = value and message[stop : stop + 1] != "="
            for part in filter(None, re.split(r":|\.(?=\.)", message[position:stop])):
                word = understood(part, value, bool(words) and words[-1] == WILD)
                if word is not None:
                    append(words, word)
                value = False
        position, value = stop, False
    return words


def word_end(message: str, begin: int) -> tuple[int, bool]:
    """Where a word ends, and whether it is a path, an address, or numbers in groups."""
    if re.compile(f"[/\\\\~][A-Za-z0-9_./\\\\{BEYOND}]").match(message, begin):
        return to_path_end(message, begin), True
    stop = begin
    while stop < len(message) and not SEPARATOR.match(message, stop):
        rest = message[stop:]
        if rest.startswith("://"):
            return to_path_end(message, stop), True
        if re.match(r":[/\\~].", rest, re.DOTALL):
            if stop == begin + 1 and re.match("[A-Za-z]", message[begin]):
                return to_path_end(message, stop), True
            if stop == begin:
                return begin + 1, False
            break
        if stop > begin and re.match(f"[0-9][{BEYOND}]|[{BEYOND}][0-9]", message[stop - 1 : stop + 1]):
            break
        stop += 1
    word = message[begin:stop]
    grouped = re.fullmatch("[0-9a-fA-F:.]*", word) and word.count(":") > 1 and re.search("[0-9]|^:+$", word)
    return stop, bool("@" in word or word.count("/") > 1 or word.count("\\") > 1 or grouped)


def to_path_end(message: str, position: int) -> int:
    found = TO_PATH_END.match(message, position)
    assert found is not None
    return found.end()


def understood(part: str, value: bool, after_value: bool) -> Word | None:
    """What a part of a word is; None where there is only punctuation."""
    word = part.strip(".-*+")
    if not word:
        return (part, "name") if len(part) > 1 and part[0] == "*" else None
    numbered = re.fullmatch(f"([A-Za-z{BEYOND}\\-_.]*?[A-Za-z{BEYOND}\\-_.])[-_.]?[0-9]+", word)
    if value or len(word.encode()) > 128:
        return WILD
    if re.search("[0-9]", word):
        long_hexadecimal = re.fullmatch("[0-9a-fA-F]{4,}", word)
        if numbered and len(numbered[1].encode()) > 1 and not long_hexadecimal:
            return numbered[1], "numbered"
        return WILD
    if re.fullmatch("[a-fA-F]{8,}", word):
        return WILD
    if not re.fullmatch(f"[A-Za-z{BEYOND}-]+", word):
        return word, "name"
    if word in LITERALS.split() or (word in UNITS.split() and after_value):
        return WILD
    return word, "date" if word in DATES.split() else "plain"


def append(words: list[Word], word: Word) -> None:
    """Append a word, if it is not one more value or the end of a repeated run."""
    if word == WILD:
        while words and words[-1][1] == "date":
            words.pop()
    if words and words[-1] == WILD and word[1] in ("wild", "date"):
        return
    words.append(word)
    for run in range(1, 9):
        if 2 * run <= len(words) and words[-run:] == words[-2 * run : -run]:
            del words[-run:]
            return


@dataclass
class Categories:
    """Shapes to categories, by the rules of `templates`."""

    memo: dict[tuple[Word, ...], int] = field(default_factory=dict)
    templates: list[list[Word]] = field(default_factory=list)
    founders: list[tuple[Word, ...]] = field(default_factory=list)
    frequency: Counter[Word] = field(default_factory=Counter)
    crowds: dict[tuple[int, int, Word], int] = field(default_factory=lambda: defaultdict(int))

    def id(self, message: str) -> int:
        """The category of a message."""
        words = tuple(shape(message))
        if words not in self.memo:
            self.memo[words] = self._category(words)
        return self.memo[words] + 1

    def _category(self, words: tuple[Word, ...]) -> int:
        self.frequency.update(set(words) - {WILD})
        first, last = ends(words)
        near = [
            k
            for k, founder in enumerate(self.founders)
            if len(founder) == len(words) and (ends(founder)[0] == first or ends(founder)[1] == last)
        ]
        judged = [] if first == WILD else [(k, *self._similarity(words, k)) for k in near]
        possible = [(k, s, d, kept) for k, s, d, kept in judged if kept >= 2 or 3 * kept >= len(words)]
        kin = [k for k, s, d, kept in possible if s >= 0.6 or (d == 1 and kept >= 2)]
        places = [(0, len(words), first), (1, len(words), last)]
        if possible:
            highest = max(s for _, s, _, _ in possible)
            best = min(k for k, s, _, _ in possible if s == highest)
            full = any(self.crowds[place] >= 32 for place in places)
            if highest >= 0.9 or (best in kin and len(kin) >= 4) or full:
                old = self.templates[best]
                self.templates[best] = [a if a == b else WILD for a, b in zip(old, words, strict=True)]
                return best
        for place in places:
            self.crowds[place] += 1
        self.templates.append(list(words))
        self.founders.append(words)
        return len(self.templates) - 1

    def _similarity(self, words: tuple[Word, ...], template: int) -> tuple[float, int, int]:
        equal = total = 0.0
        differing = kept = 0
        for mine, other in zip(words, self.templates[template], strict=True):
            if mine == other:
                equal += self._weight(mine)
                total += self._weight(mine)
                kept += mine != WILD
            elif other == WILD:
                equal += 0.5 * self._weight(mine)
                total += self._weight(mine)
            else:
                total += max(self._weight(mine), self._weight(other))
                differing += 1
        return equal / total, differing, kept

    def _weight(self, word: Word) -> float:
        if word == WILD:
            return 0.0
        n = float(len(self.memo) + 1)
        certainty = 0.3 if word[1] in ("name", "numbered") else 1.0
        return certainty * math.log(1.0 + n / self.frequency[word]) * (1.0 / math.log(1.0 + n))


def ends(words: tuple[Word, ...]) -> tuple[Word, Word]:
    """The first and the last certain word; a name where there is no other; wild where there is none."""
    certain = [word for word in words if word[1] in ("plain", "date")] or [word for word in words if word != WILD]
    return (certain[0], certain[-1]) if certain else (WILD, WILD)
