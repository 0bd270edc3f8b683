"""Host names to the domain that somebody registered and what is below it, a column at a time."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.columns import Ints
from tailmass.kernels.delimited import Bytes, Positions
from tailmass.kernels.jit import inlined, kernel

PUBLIC, EXCEPTION, WILD = 1, 2, 4
"""What a rule can say of a name: it is a suffix; it is none, whatever else is said; all names right below it are."""
SPLIT, FAILED, HARD = 0, 1, 2
"""What can become of a host: split; no host; something that bytes alone do not tell."""

DOT, COLON, SLASH, AT = 46, 58, 47, 64
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a
_HIGH = np.uint64(32)
NOBODY = -1


class Tree(NamedTuple):
    """A list of suffixes as a tree of labels, from the last one down; label 0 is the root."""

    parents: Ints
    """(labels,) the label above."""
    flags: Bytes
    """(labels,) what rules say of the name that ends here."""
    starts: Positions
    """(labels,) where the label begins in `text`."""
    stops: Positions
    """(labels,) one past its last byte."""
    text: Bytes
    """(bytes,) all labels in UTF-8 and in small letters."""
    slots: Ints
    """(capacity,) a hash table with open addressing of the labels, by parent and text; -1 marks a free place."""


def tree(parents: Ints, flags: Bytes, starts: Positions, stops: Positions, text: Bytes) -> Tree:
    """The tree with its hash table, which is at most half full."""
    slots = np.full(1 << (2 * len(parents)).bit_length(), NOBODY, np.int64)
    _fill(parents, starts, stops, text, slots)
    return Tree(parents, flags, starts, stops, text, slots)


@inlined
def _small(byte: int) -> int:
    """An ASCII letter as a small one."""
    return byte + 32 if 65 <= byte <= 90 else byte


@inlined
def _place(parent: int, text: Bytes, start: int, stop: int, capacity: int) -> int:
    """Where to look for a label first: FNV-1a of its bytes from the last to the first, begun with its parent.

    References
    ----------
    Fowler, Noll, Vo & Eastlake (2012), The FNV non-cryptographic hash algorithm, IETF draft.
    """
    mixed = (_BASIS ^ np.uint64(parent)) * _PRIME
    for position in range(stop - 1, start - 1, -1):
        mixed = (mixed ^ np.uint64(_small(text[position]))) * _PRIME
    return int(np.int64((mixed ^ (mixed >> _HIGH)) & np.uint64(capacity - 1)))


@kernel
def _fill(parents: Ints, starts: Positions, stops: Positions, text: Bytes, slots: Ints) -> None:
    for label in range(1, len(parents)):
        place = _place(parents[label], text, starts[label], stops[label], len(slots))
        while slots[place] != NOBODY:
            place = (place + 1) & (len(slots) - 1)
        slots[place] = label


@kernel
def _below(
    at: int, buffer: Bytes, start: int, stop: int, parents: Ints, starts: Positions, stops: Positions, text: Bytes,
    slots: Ints,
) -> int:  # fmt: skip
    """The label of these bytes below another one, NOBODY if the list has none."""
    place = _place(at, buffer, start, stop, len(slots))
    while slots[place] != NOBODY:
        label = int(slots[place])
        if parents[label] == at and stops[label] - starts[label] == stop - start:
            same = True
            for k in range(stop - start):
                if text[starts[label] + k] != _small(buffer[start + k]):
                    same = False
                    break
            if same:
                return label
        place = (place + 1) & (len(slots) - 1)
    return NOBODY


@kernel
def _suffix(
    buffer: Bytes, start: int, stop: int, parents: Ints, flags: Bytes, starts: Positions, stops: Positions,
    text: Bytes, slots: Ints,
) -> int:  # fmt: skip
    at, depth, count, end = 0, 0, 1, stop
    while end > start:
        begin = end
        while begin > start and buffer[begin - 1] != DOT:
            begin -= 1
        depth += 1
        label = _below(at, buffer, begin, end, parents, starts, stops, text, slots)
        if label != NOBODY and flags[label] & EXCEPTION:
            return depth - 1
        if flags[at] & WILD:
            count = depth
        if label == NOBODY:
            break
        if flags[label] & (PUBLIC | WILD):  # a rule for all names below this one takes it for a suffix itself
            count = depth
        at, end = label, begin - 1
    return count


@kernel
def suffix_labels(name: Bytes, rules: Tree) -> int:
    """How many labels at the end of a name are its public suffix; 1 where the list does not know it.

    Parameters
    ----------
    name : (bytes,) UTF-8, letters that are not ASCII in small, without a dot at either end
    rules : the list

    References
    ----------
    The algorithm of the Public Suffix List, Mozilla Foundation: the longest rule counts, and an exception before it.
    """
    parents, flags, starts, stops, text, slots = rules
    return _suffix(name, 0, len(name), parents, flags, starts, stops, text, slots)


@kernel
def split_hosts(
    buffer: Bytes, starts: Positions, stops: Positions, rules: Tree
) -> tuple[Positions, Positions, npt.NDArray[np.uint8]]:
    """Where the registered domain of each host is: the public suffix and the label before it.

    Parameters
    ----------
    buffer : (bytes,)
    starts, stops : (n,) spans in it
    rules : the list

    Returns
    -------
    begins, ends : (n,) the span of the domain, all of the host where it has no label before its suffix
    kinds : (n,) SPLIT; FAILED where a label is empty; HARD where there are other bytes than those of printable ASCII,
        marks that no name has, or a last label of digits, and the span means nothing
    """
    parents, flags, label_starts, label_stops, text, slots = rules
    rows = len(starts)
    begins, ends = np.empty(rows, np.int32), np.empty(rows, np.int32)
    kinds = np.empty(rows, np.uint8)
    for row in range(rows):
        start, stop = starts[row], stops[row]
        if stop > start and buffer[stop - 1] == DOT:
            stop -= 1
        kinds[row] = _kind(buffer, start, stop)
        begins[row], ends[row] = start, stop
        if kinds[row] != SPLIT:
            continue
        labels = _suffix(buffer, start, stop, parents, flags, label_starts, label_stops, text, slots) + 1
        for position in range(stop - 1, start - 1, -1):
            if buffer[position] == DOT:
                labels -= 1
                if labels == 0:
                    begins[row] = position + 1
                    break
    return begins, ends, kinds


@kernel
def _kind(buffer: Bytes, start: int, stop: int) -> int:
    empty, digits, length = False, True, 0
    for position in range(start, stop):
        byte = buffer[position]
        if byte <= 0x20 or byte > 0x7E or byte in (COLON, SLASH, AT):
            return HARD
        if byte == DOT:
            empty = empty or length == 0
            digits, length = True, 0
        else:
            digits = digits and 48 <= byte <= 57
            length += 1
    if empty or length == 0:
        return FAILED
    return HARD if digits else SPLIT
