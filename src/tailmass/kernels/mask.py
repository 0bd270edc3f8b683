"""Messages to shapes: the words of a text as hashes, with one wild card for all that looks like a value.

A message is read once, byte by byte, without regular expressions. It falls into words at white space and at
`, ; ( ) [ ] { } < > " ' = | & ! ?`, their wide forms and other CJK punctuation, at colons and at repeated dots. What
counts as a value:

- a number in any notation: decimal, hexadecimal, a UUID, an address of IP or of a network card, a time of day, and any
  other word with a digit in it; eight hexadecimal digits or more need none;
- a path or URL, and whatever has an `@` in it;
- the name of a day or month beside a value, and the unit of a number after it;
- what follows a `=`, and a text in quotes if it is one word;
- true, false and what stands for nothing;
- a word of more than `LONGEST` bytes.

A name with a number at its end (`eth0`, `worker-12`; not four hexadecimal digits or more) is a word, and the number a
value that goes unsaid. Between a digit and a letter beyond ASCII a word ends, so that scripts without spaces lose no
more than the number.

Values in a row are one wild card, and a run of words that is repeated at once (a list) is there once, so that messages
which differ in the lengths of their lists have one shape.
"""

import numpy as np
import numpy.typing as npt

from tailmass.columns import Ints
from tailmass.kernels.delimited import Bytes
from tailmass.kernels.jit import inlined, kernel

Hashes = npt.NDArray[np.uint64]

WILD = np.uint64(0)
PLAIN, NAME, DATE = np.uint64(1), np.uint64(2), np.uint64(3)
"""The kinds of words, in the last two bits of their hashes: letters alone; with anything else in it; a day or month."""
KIND = np.uint64(3)

MOST_WORDS = 128
"""Words of a shape; what follows them is not looked at."""
MOST_BYTES = 1 << 16
"""Bytes of a message that are looked at."""
LONGEST = 128
"""Bytes of a word that can be more than a value."""
MOST_REPEATED = 8
"""Words of a run whose repetition is seen."""
_FARTHEST = 256  # bytes between two quotes

_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a, 64 bit
_HASH = ~KIND

_SEPARATOR, _PATH_END, _LETTER, _DIGIT, _HEX, _JOINT, _EDGE, _WIDE = 1, 2, 4, 8, 16, 32, 64, 128
_LITERAL, _UNIT, _DAY = 1, 2, 3

(
    _SPACE,
    _DOUBLE,
    _SINGLE,
    _DOT,
    _SLASH,
    _COLON,
    _EQUALS,
    _AT,
    _BACKSLASH,
    _UNDERSCORE,
    _TILDE,
    _STAR,
    _DASH,
    _HASHMARK,
) = b" \"'./:=@\\_~*-#"


def _classes() -> Bytes:
    classes = np.zeros(256, np.uint8)
    space = [*range(0x21), 0x7F]
    for members, kind in (
        ([*space, *b",;()[]{}<>\"'=|&!?`"], _SEPARATOR),
        ([*space, *b",;()[]{}<>\"'|`"], _PATH_END),
        (b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTER),
        (range(0x80, 0x100), _LETTER | _WIDE),
        (b"0123456789", _DIGIT),
        (b"0123456789abcdefABCDEF", _HEX),
        (b"-_.", _JOINT),
        (b".-*+", _EDGE),
    ):
        classes[list(members)] |= kind
    return classes


_CLASSES = _classes()


def _word(text: str, kind: np.uint64) -> np.uint64:
    """The hash of a word, as the kernel makes it."""
    found = int(_BASIS)
    for byte in text.encode():
        found = (found ^ byte) * int(_PRIME) % (1 << 64)
    return np.uint64(found & int(_HASH)) | kind


def _known() -> tuple[Hashes, Bytes]:
    """A hash table of the words that mean something: open addressing, 0 marks a free place."""
    literals = "true false null True False Null TRUE FALSE NULL None none nil NaN undefined"
    units = "B kB KB MB GB TB KiB MiB GiB TiB b Kb Mb Gb ns us µs ms s sec secs min mins h hrs Hz kHz MHz GHz"
    days = "Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec AM PM am pm UTC GMT Z"
    days += " EST EDT CST CDT MST MDT PST PDT BST IST CET CEST EET EEST JST"
    keys, values = np.zeros(512, np.uint64), np.zeros(512, np.uint8)
    for words, value in ((literals, _LITERAL), (units, _UNIT), (days, _DAY)):
        for each in words.split():
            key = _word(each, PLAIN)
            place = int(key >> np.uint64(7)) & (len(keys) - 1)
            while keys[place]:
                place = (place + 1) & (len(keys) - 1)
            keys[place], values[place] = key, value
    return keys, values


_KNOWN, _MEANING = _known()
_KNOWN_LONGEST = 9


@kernel
def shape(text: Bytes, begin: int, end: int, words: Hashes, starts: Ints, stops: Ints) -> int:
    """The shape of the message `text[begin:end]`.

    Parameters
    ----------
    text : (bytes,) UTF-8
    begin, end : where the message begins, and one past its end
    words : (MOST_WORDS,) filled with the hash of each word, `WILD` for values
    starts, stops : (MOST_WORDS,) filled with the span of each word in the text, without the number of a numbered name

    Returns
    -------
    length : words of the shape

    References
    ----------
    He, Zhu, Zheng & Lyu (2017), Drain: an online log parsing approach with fixed depth tree, which masks by regular
    expressions before it parses; Zhu et al. (2019), Tools and benchmarks for automated log parsing. The hash is
    FNV-1a of Fowler, Noll & Vo, 64 bits.
    """
    if end - begin > MOST_BYTES:
        end = begin + MOST_BYTES
        while end > begin and not _CLASSES[text[end]] & _SEPARATOR:
            end -= 1
    length = 0
    position = begin
    value = False
    while position < end and length < MOST_WORDS:
        byte = text[position]
        wide = _separator(text, position, end)
        if wide:
            if byte == _EQUALS:
                value = True
            elif byte in (_DOUBLE, _SINGLE) and _opens(text, begin, position):
                close, spaced = _closing(text, position, end)
                if close > position and (value or not spaced):
                    length = _append(words, starts, stops, length, WILD, position, close + 1)
                    value = False
                    position = close
            position += wide
            continue
        if not value:
            stop, word = _letters(text, position, end, length > 0 and words[length - 1] == WILD)
            if stop > position:
                length = _append(words, starts, stops, length, word, position, stop)
                position = stop
                continue
        stop, whole = _word_end(text, position, end)
        if whole:
            length = _append(words, starts, stops, length, WILD, position, stop)
        else:
            of_key = value and (stop == end or text[stop] != _EQUALS)
            length = _parts(text, position, stop, of_key, words, starts, stops, length)
        value = False
        position = stop
    return length


@inlined
def _separator(text: Bytes, position: int, end: int) -> int:
    """Bytes of the separator that stands at a position, 0 where there is none."""
    byte = text[position]
    if byte < 0x80:
        return int(_CLASSES[byte] & _SEPARATOR)
    if byte == 0xC2:
        return 2 if position + 1 < end and text[position + 1] == 0xA0 else 0  # no-break space
    if (byte != 0xE3 and byte != 0xEF) or position + 2 >= end:
        return 0
    second, third = text[position + 1], text[position + 2]
    if byte == 0xE3:  # U+3000 to U+303F, but for two signs that are letters
        return 3 if second == 0x80 and third != 0x85 and third != 0x87 else 0
    # The wide forms of ASCII's punctuation up to the slash, and from the colon to the at sign.
    return 3 if second == 0xBC and (0x81 <= third <= 0x8F or 0x9A <= third <= 0xA0) else 0


@kernel
def _letters(text: Bytes, begin: int, end: int, after_value: bool) -> tuple[int, np.uint64]:
    """The end and the hash of a word of ASCII letters, the begin if it is none.

    This is for speed alone: most words are of that kind.
    """
    stop, found = begin, _BASIS
    while stop < end and _CLASSES[text[stop]] & (_LETTER | _WIDE) == _LETTER:
        found = (found ^ np.uint64(text[stop])) * _PRIME
        stop += 1
    size = stop - begin
    after = stop + (stop < end and text[stop] == _COLON)
    if size > LONGEST or (after < end and not _CLASSES[text[after]] & _SEPARATOR):
        return begin, WILD
    if size > 7:
        k = begin
        while k < stop and _CLASSES[text[k]] & _HEX:
            k += 1
        if k == stop:
            return stop, WILD
    return stop, _understood((found & _HASH) | PLAIN, size, after_value)


@inlined
def _opens(text: Bytes, begin: int, position: int) -> bool:
    if position == begin:
        return True
    before = text[position - 1]
    return not (_CLASSES[before] & (_LETTER | _DIGIT)) and before != _UNDERSCORE and before != _DOT


@kernel
def _closing(text: Bytes, position: int, end: int) -> tuple[int, bool]:
    """Where the quote is that closes the one at a position, 0 if there is none, and whether white space is between."""
    spaced = False
    last = min(end, position + _FARTHEST)
    for k in range(position + 1, last):
        byte = text[k]
        if byte == text[position]:
            after = text[k + 1] if k + 1 < end else _SPACE
            return (0 if _CLASSES[after] & (_LETTER | _DIGIT) else k), spaced
        if byte == 10:
            break
        spaced |= byte <= _SPACE
    return 0, spaced


@kernel
def _word_end(text: Bytes, begin: int, end: int) -> tuple[int, bool]:
    """One past the last byte of the word that begins at a position, and whether the whole of it is a value."""
    first = text[begin]
    if begin + 1 < end and first in (_SLASH, _BACKSLASH, _TILDE):
        after = text[begin + 1]
        if _CLASSES[after] & (_LETTER | _DIGIT) or after in (_DOT, _UNDERSCORE, _SLASH, _BACKSLASH):
            return _path_end(text, begin, end), True
    position = begin
    slashes = backslashes = ats = colons = digits = 0
    hexadecimal = True
    while position < end:
        byte = text[position]
        kind = _CLASSES[byte]
        if _separator(text, position, end):
            break
        if byte == _COLON:
            colons += 1
            if position + 2 < end:
                after = text[position + 1]
                if after == _SLASH and text[position + 2] == _SLASH:
                    return _path_end(text, position, end), True
                if after in (_SLASH, _BACKSLASH, _TILDE):
                    if position == begin + 1 and _CLASSES[first] & _LETTER:
                        return _path_end(text, position, end), True
                    break
        elif position > begin:
            before = _CLASSES[text[position - 1]]
            if (kind & _DIGIT and before & _WIDE) or (kind & _WIDE and before & _DIGIT):
                break
        slashes += byte == _SLASH
        backslashes += byte == _BACKSLASH
        ats += byte == _AT
        digits += (kind & _DIGIT) != 0
        hexadecimal &= (kind & _HEX) != 0 or byte in (_COLON, _DOT)
        position += 1
    if position == begin:  # a colon before a path
        return begin + 1, False
    grouped = hexadecimal and colons >= 2 and (digits > 0 or colons == position - begin)  # :: is an address too
    return position, ats > 0 or slashes > 1 or backslashes > 1 or grouped


@kernel
def _path_end(text: Bytes, position: int, end: int) -> int:
    while position < end and not _CLASSES[text[position]] & _PATH_END:
        position += 1
    return position


@kernel
def _parts(
    text: Bytes, begin: int, end: int, value: bool, words: Hashes, starts: Ints, stops: Ints, length: int
) -> int:
    """Append what is between the colons and the repeated dots of a word; the first may be the value of a key."""
    position = begin
    while position < end:
        stop = position
        while (
            stop < end
            and text[stop] != _COLON
            and not (text[stop] == _DOT and stop + 1 < end and text[stop + 1] == _DOT)
        ):
            stop += 1
        if stop > position:
            word, first, last = _hash(text, position, stop, value, length > 0 and words[length - 1] == WILD)
            if last > first:
                length = _append(words, starts, stops, length, word, first, last)
            value = False
        position = stop + 1
    return length


@kernel
def _hash(text: Bytes, begin: int, end: int, value: bool, after_value: bool) -> tuple[np.uint64, int, int]:
    """The hash of a part and its span without the punctuation about it; an empty span if there is nothing else."""
    first, last = begin, end
    while first < last and _CLASSES[text[first]] & _EDGE:
        first += 1
    while last > first and _CLASSES[text[last - 1]] & _EDGE:
        last -= 1
    if first == last:
        if end - begin > 1 and text[begin] == _STAR:  # a number too large for its place, as Fortran prints it
            return _fnv(text, begin, end) | NAME, begin, end
        return WILD, first, first
    digits = 0
    number = last
    letters = hexadecimal = joined = True
    for k in range(first, last):
        byte = text[k]
        kind = _CLASSES[byte]
        if kind & _DIGIT:
            digits += 1
            number = min(number, k)
        else:
            letters &= (kind & _LETTER) != 0 or byte == _DASH
            joined &= (kind & (_LETTER | _JOINT)) != 0 and number == last
        hexadecimal &= (kind & _HEX) != 0
    if value or last - first > LONGEST:
        return WILD, first, last
    if digits:
        stop = number - 1 if number > first and _CLASSES[text[number - 1]] & _JOINT else number
        if joined and stop - first > 1 and not (hexadecimal and last - first > 3):
            return ((_fnv(text, first, stop) ^ np.uint64(_HASHMARK << 2)) * _PRIME) & _HASH | NAME, first, stop
        return WILD, first, last
    if hexadecimal and last - first > 7:
        return WILD, first, last
    if not letters:
        return _fnv(text, first, last) | NAME, first, last
    return _understood(_fnv(text, first, last) | PLAIN, last - first, after_value), first, last


@inlined
def _fnv(text: Bytes, begin: int, end: int) -> np.uint64:
    found = _BASIS
    for k in range(begin, end):
        found = (found ^ np.uint64(text[k])) * _PRIME
    return found & _HASH


@inlined
def _understood(word: np.uint64, size: int, after_value: bool) -> np.uint64:
    """A word of letters, or what it stands for."""
    if size > _KNOWN_LONGEST:
        return word
    meaning = _meaning(word)
    if meaning == _LITERAL or (meaning == _UNIT and after_value):
        return WILD
    return word | DATE if meaning == _DAY else word


@inlined
def _meaning(word: np.uint64) -> int:
    place = np.int64(word >> np.uint64(7)) & (len(_KNOWN) - 1)
    while _KNOWN[place] != WILD:
        if _KNOWN[place] == word:
            return int(_MEANING[place])
        place = (place + 1) & (len(_KNOWN) - 1)
    return 0


@kernel
def _append(words: Hashes, starts: Ints, stops: Ints, length: int, word: np.uint64, start: int, stop: int) -> int:
    """Append a word; dates beside values, values beside values and repeated runs are not there twice."""
    if word == WILD:
        while length > 0 and words[length - 1] & KIND == DATE:
            length -= 1
    if length > 0 and words[length - 1] == WILD and (word == WILD or word & KIND == DATE):
        return length
    words[length], starts[length], stops[length] = word, start, stop
    length += 1
    for run in range(1, min(MOST_REPEATED, length // 2) + 1):
        k = 1
        while k <= run and words[length - k] == words[length - run - k]:
            k += 1
        if k > run:
            return length - run
    return length
