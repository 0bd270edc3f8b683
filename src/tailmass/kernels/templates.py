"""Shapes to categories: a memo of the shapes met, and templates for those that are new.

A template is a shape in which the words that turned out to vary are wild cards. A shape that was met before costs one
look into a hash table. A new one is held against the templates of its length that share its first or its last certain
word, by

    similarity = Σ_equal w(word) / Σ w(word),      w(word) = c · ln(1 + n / f) / ln(1 + n)

over its words, values left out: n shapes were learnt and f of them have the word; c is 1 for words of letters and
`NAME_WEIGHT` for names, which vary more often than words do. Where two words differ the larger weight counts, and a
place where the template is wild already counts `WILD_SHARE` of its word as equal. The shape joins the most similar
template, the older one of equals,

- at a similarity of `ALIKE` or more; or
- if that is one of `CROWD` siblings or more: templates that differ in one place only, or are similar by `KIN` or more.
  One verb in place of another is another message; a fifth name in the same place is a parameter;
- or if its place is crowded by `MOST_ALIKE` templates, which bounds the cost of a message.

What it joins keeps at least two certain words, or a third of its words; no template becomes one wild card. Otherwise
the shape founds a category.

References
----------
He, Zhu, Zheng & Lyu (2017), Drain: an online log parsing approach with fixed depth tree (length and leading words as
the key); Du & Li (2016), Spell: streaming parsing of system event logs (templates that lose words as they are joined);
Spärck Jones (1972), A statistical interpretation of term specificity (inverse document frequency).
"""

from typing import NamedTuple

import numpy as np

from tailmass.columns import Flags, Ints
from tailmass.kernels.delimited import Bytes
from tailmass.kernels.jit import inlined, kernel
from tailmass.kernels.mask import KIND, LONGEST, MOST_WORDS, NAME, WILD, Hashes, shape

ALIKE = 0.9
KIN = 0.6
CROWD = 4
NAME_WEIGHT = 0.3
WILD_SHARE = 0.5
MOST_ALIKE = 32
MOST_SHAPES = 1 << 20
"""Shapes that are remembered; later ones are held against the templates each time they come."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT, _HALF = np.uint64(29), np.uint64(32)
_SEED = np.uint64(0x243F6A8885A308D3)
_NONE = -1

TEMPLATES, WORDS, LETTERS, SHAPES, TERMS, PLACES = range(6)
"""What is counted in `Templates.used`."""


class Templates(NamedTuple):
    """The categories of a field, with room for more; category i + 1 is row i."""

    used: Ints
    """(6,) templates, words of them, letters of those, shapes remembered, terms known, places taken."""
    shapes: Ints
    """(1,) shapes learnt."""
    begins: Ints
    """(templates,) where the words of a template begin."""
    lengths: Ints
    """(templates,) how many they are."""
    words: Hashes
    """(words,) the hashes of the words of all templates, `WILD` where they vary."""
    starts: Ints
    """(words,) where the text of a word begins in `letters`."""
    stops: Ints
    """(words,) and ends."""
    letters: Bytes
    """(letters,) the words of all templates, UTF-8."""
    keys: Hashes
    """(templates, 2) the two places a template is looked for."""
    older: Ints
    """(templates, 2) the template that was there before, -1 for none."""
    longest: Ints
    """(templates,) characters of the longest message."""
    broken: Flags
    """(templates,) whether a message had more than one line."""
    changed: Flags
    """(templates,) whether any of this has changed since someone looked."""
    memo: Hashes
    """(capacity,) a hash table of the shapes met, 0 marks a free place."""
    met: Ints
    """(capacity,) their templates."""
    terms: Hashes
    """(capacity,) a hash table of the words met."""
    frequency: Ints
    """(capacity,) the number of shapes that have the word."""
    places: Hashes
    """(capacity,) a hash table of the places."""
    newest: Ints
    """(capacity,) the last template there."""
    crowds: Ints
    """(capacity,) how many there are."""


@kernel
def categorize(text: Bytes, ends: Ints, whole: Bytes, whole_ends: Ints, first: int, known: Templates, ids: Ints) -> int:
    """The category of each message, until there is no room for another template.

    Parameters
    ----------
    text : (bytes,) the messages as they are to be understood, UTF-8, one behind the other
    ends : (n,) where each of them ends
    whole, whole_ends : the same of the messages as they were sent
    first : the message to begin with
    known : the templates; filled in
    ids : (n,) filled with the categories, from 1

    Returns
    -------
    done : one past the last message that has its category
    """
    words = np.empty(MOST_WORDS, np.uint64)
    starts, stops = np.empty(MOST_WORDS, np.int64), np.empty(MOST_WORDS, np.int64)
    memo, met, longest, broken, changed = known.memo, known.met, known.longest, known.broken, known.changed
    for row in range(first, len(ends)):
        begin, end = ends[row - 1] if row else 0, ends[row]
        length = shape(text, begin, end, words, starts, stops)
        key = _SEED
        for k in range(length):
            key = _mixed(key ^ words[k])
        key = _mixed(key ^ np.uint64(length)) | np.uint64(1)
        place = _place(memo, key)
        if memo[place] == WILD:
            if not _room(known):
                return row
            template = _category(text, words, starts, stops, length, known)
            if known.used[SHAPES] < MOST_SHAPES:
                memo[place], met[place] = key, template
                known.used[SHAPES] += 1
        else:
            template = met[place]
        characters, lines = _extent(whole, whole_ends[row - 1] if row else 0, whole_ends[row])
        if characters > longest[template] or (lines and not broken[template]):
            longest[template] = max(longest[template], characters)
            broken[template] |= lines
            changed[template] = True
        ids[row] = template + 1
    return len(ends)


@inlined
def _mixed(key: np.uint64) -> np.uint64:
    key *= _MULTIPLIER
    return key ^ (key >> _SHIFT)


@inlined
def _place(table: Hashes, key: np.uint64) -> np.int64:
    """Where a key is in a hash table, or where it would be."""
    mask = len(table) - 1
    place = np.int64((key * _MULTIPLIER) >> _HALF) & mask
    while table[place] != WILD and table[place] != key:
        place = (place + 1) & mask
    return place


@kernel
def rehashed(table: Hashes, larger: Hashes) -> Ints:
    """Fill a larger hash table with the keys of one, and tell where they went.

    Parameters
    ----------
    table : (capacity,) keys, 0 marks a free place
    larger : (larger capacity,) zeros, a power of two; filled in

    Returns
    -------
    places : (capacity,) where each key is now, -1 for free places
    """
    places = np.full(len(table), _NONE, np.int64)
    for k in range(len(table)):
        if table[k] != WILD:
            places[k] = _place(larger, table[k])
            larger[places[k]] = table[k]
    return places


@inlined
def _extent(text: Bytes, begin: int, end: int) -> tuple[int, bool]:
    """Characters of a message, and whether it has a character that ends lines somewhere."""
    characters, lines = 0, False
    for k in range(begin, end):
        byte = text[k]
        characters += (byte & 0xC0) != 0x80
        lines |= byte == 10 or byte == 13
        if byte >= 0xC2 and k + 1 < end:
            after = text[k + 1]
            lines |= byte == 0xC2 and after == 0x85
            lines |= byte == 0xE2 and after == 0x80 and k + 2 < end and (text[k + 2] == 0xA8 or text[k + 2] == 0xA9)
    return characters, lines


@inlined
def _room(known: Templates) -> bool:
    """Whether the largest of shapes would still fit."""
    used = known.used
    return bool(
        used[TEMPLATES] < len(known.begins)
        and used[WORDS] + MOST_WORDS <= len(known.words)
        and used[LETTERS] + MOST_WORDS * LONGEST <= len(known.letters)
        and (used[SHAPES] >= MOST_SHAPES or 2 * (used[SHAPES] + 1) <= len(known.memo))
        and (used[SHAPES] >= MOST_SHAPES or 2 * (used[TERMS] + MOST_WORDS) <= len(known.terms))
        and 2 * (used[PLACES] + 2) <= len(known.places)
    )


@kernel
def _category(text: Bytes, words: Hashes, starts: Ints, stops: Ints, length: int, known: Templates) -> int:
    """The template of a shape not met before."""
    if known.used[SHAPES] < MOST_SHAPES:
        _learn(words, length, known)
    keys = _keys(words, length)
    best = _most_similar(words, length, keys, known)
    if best == _NONE:
        return _founded(text, words, starts, stops, length, keys, known)
    begin = known.begins[best]
    for k in range(length):
        if known.words[begin + k] != words[k] and known.words[begin + k] != WILD:
            known.words[begin + k] = WILD
            known.changed[best] = True
    return best


@inlined
def _learn(words: Hashes, length: int, known: Templates) -> None:
    """Count the words of a shape, each once."""
    known.shapes[0] += 1
    for k in range(length):
        seen = words[k] == WILD
        for earlier in range(k):
            seen |= words[earlier] == words[k]
        if seen:
            continue
        place = _place(known.terms, words[k])
        if known.terms[place] == WILD:
            known.terms[place] = words[k]
            known.used[TERMS] += 1
        known.frequency[place] += 1


@inlined
def _weight(word: np.uint64, frequency: float, n: float, scale: float) -> float:
    """The weight of a word that `frequency` of n shapes have; `scale` is 1 / ln(1 + n)."""
    certainty = NAME_WEIGHT if word & KIND == NAME else 1.0
    return float(certainty * np.log(1.0 + n / frequency) * scale)


@inlined
def _frequency(word: np.uint64, terms: Hashes, frequency: Ints) -> float:
    # A word is not counted any more once there are as many shapes as are remembered.
    return max(float(frequency[_place(terms, word)]), 1.0)


@inlined
def _keys(words: Hashes, length: int) -> tuple[np.uint64, np.uint64]:
    """The places of a shape: its length with the first and with the last certain word, names only if there is none."""
    first = last = WILD
    certain = False
    for k in range(length):
        word = words[k]
        if word == WILD or (certain and word & KIND == NAME):
            continue
        if first == WILD or (not certain and word & KIND != NAME):
            first = word
        certain |= word & KIND != NAME
        last = word
    size = np.uint64(length)
    return _mixed(_mixed(first) ^ size) | np.uint64(1), (_mixed(_mixed(last) ^ size) | np.uint64(1)) ^ _SEED


@kernel
def _most_similar(words: Hashes, length: int, keys: tuple[np.uint64, np.uint64], known: Templates) -> int:
    """The template that the shape joins, -1 if there is none."""
    terms, frequency, n = known.terms, known.frequency, float(known.shapes[0])
    scale = 1.0 / np.log(1.0 + n)
    weights, frequencies = np.zeros(length), np.zeros(length)
    certain = False
    for k in range(length):
        if words[k] != WILD:
            frequencies[k] = _frequency(words[k], terms, frequency)
            weights[k] = _weight(words[k], frequencies[k], n, scale)
            certain = True
    if not certain:
        return _NONE
    best, highest, best_is_kin = _NONE, -1.0, False
    siblings, full = 0, False
    others = known.words
    for side in range(2):
        place = _place(known.places, keys[side])
        if known.places[place] == WILD:
            continue
        full |= known.crowds[place] >= MOST_ALIKE
        template = known.newest[place]
        while template != _NONE:
            if side == 0 or known.keys[template, 0] != keys[0]:
                begin = known.begins[template]
                equal = total = 0.0
                differing = kept = 0
                for k in range(length):
                    word = others[begin + k]
                    if word == words[k]:
                        equal += weights[k]
                        total += weights[k]
                        kept += word != WILD
                    elif word == WILD:
                        equal += WILD_SHARE * weights[k]
                        total += weights[k]
                    else:
                        differing += 1
                        larger = weights[k]
                        rarer = _frequency(word, terms, frequency)
                        if rarer < frequencies[k] or word & KIND != words[k] & KIND:
                            larger = max(larger, _weight(word, rarer, n, scale))
                        total += larger
                similarity = equal / total
                if kept >= 2 or 3 * kept >= length:
                    kin = similarity >= KIN or (differing == 1 and kept >= 2)
                    siblings += kin
                    if similarity > highest or (similarity == highest and template < best):
                        best, highest, best_is_kin = template, similarity, kin
            template = known.older[template, side]
    if best != _NONE and (highest >= ALIKE or (best_is_kin and siblings >= CROWD)):
        return best
    return best if full else _NONE


@inlined
def _founded(
    text: Bytes,
    words: Hashes,
    starts: Ints,
    stops: Ints,
    length: int,
    keys: tuple[np.uint64, np.uint64],
    known: Templates,
) -> int:
    """A template that is the shape as it stands."""
    used = known.used
    template, begin, letter = used[TEMPLATES], used[WORDS], used[LETTERS]
    known.begins[template], known.lengths[template] = begin, length
    for k in range(length):
        known.words[begin + k] = words[k]
        known.starts[begin + k] = letter
        if words[k] != WILD:
            for position in range(starts[k], stops[k]):
                known.letters[letter] = text[position]
                letter += 1
        known.stops[begin + k] = letter
    for side in range(2):
        place = _place(known.places, keys[side])
        known.keys[template, side] = keys[side]
        known.older[template, side] = _NONE
        if known.places[place] == WILD:
            known.places[place] = keys[side]
            used[PLACES] += 1
        else:
            known.older[template, side] = known.newest[place]
        known.newest[place] = template
        known.crowds[place] += 1
    known.longest[template], known.broken[template], known.changed[template] = 0, False, True
    used[TEMPLATES], used[WORDS], used[LETTERS] = template + 1, begin + length, letter
    return int(template)
