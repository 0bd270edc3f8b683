import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.kernels.hosts import EXCEPTION, FAILED, HARD, PUBLIC, SPLIT, WILD, Tree, split_hosts, suffix_labels, tree
from tests.kernels import naive_hosts

unhurried = settings(deadline=None, max_examples=200, derandomize=True)  # kernels compile at first

RULES = ["com", "co.uk", "*.ck", "!www.ck", "b.a.com", "é.jp"]
LABELS = st.sampled_from(["a", "b", "B", "com", "COM", "co", "uk", "ck", "www", "Www", "jp", "*", "xy"])


def grown(rules: list[str]) -> Tree:
    """The tree of some rules, each label found by its path."""
    paths: dict[tuple[str, ...], int] = {(): 0}
    flags = [0]
    for rule in rules:
        path: tuple[str, ...] = ()
        for label in reversed(rule.removeprefix("!").split(".")):
            if label == "*":
                flags[paths[path]] |= WILD
            path = (label, *path)
            if path not in paths:
                paths[path] = len(paths)
                flags.append(0)
        flags[paths[path]] |= EXCEPTION if rule.startswith("!") else PUBLIC
    texts = [path[0].encode() if path else b"" for path in paths]
    stops = np.cumsum([len(text) for text in texts], dtype=np.int32)
    starts = np.concatenate([np.zeros(1, np.int32), stops[:-1]])
    parents = np.array([paths[path[1:]] if path else -1 for path in paths])
    return tree(parents, np.array(flags, np.uint8), starts, stops, np.frombuffer(b"".join(texts), np.uint8))


TREE = grown(RULES)


def split(*hosts: bytes) -> list[tuple[str, str] | int]:
    """The two parts of each host, or what kind of thing it is."""
    content = b"".join(hosts)
    lengths = np.array([len(host) for host in hosts], np.int32)
    stops = np.cumsum(lengths, dtype=np.int32)
    starts = stops - lengths
    begins, ends, kinds = split_hosts(np.frombuffer(content, np.uint8), starts, stops, TREE)
    return [
        int(kind) if kind != SPLIT else (content[start : max(start, begin - 1)].decode(), content[begin:end].decode())
        for start, begin, end, kind in zip(starts, begins, ends, kinds, strict=True)
    ]


@unhurried
@given(st.lists(st.lists(LABELS, min_size=1, max_size=6).map(".".join), max_size=8))
def test_hosts_are_split_as_the_slow_twin_does(hosts: list[str]) -> None:
    assert split(*(host.encode() for host in hosts)) == [naive_hosts.split(host, RULES) for host in hosts]


@unhurried
@given(st.lists(LABELS, min_size=1, max_size=6).map(".".join))
def test_the_suffix_of_a_name_is_that_of_the_slow_twin(name: str) -> None:
    found = suffix_labels(np.frombuffer(name.encode(), np.uint8), TREE)
    assert found == naive_hosts.suffix_labels(name, RULES)


def test_a_label_of_other_letters_is_known_by_its_bytes() -> None:
    assert suffix_labels(np.frombuffer("a.é.jp".encode(), np.uint8), TREE) == 2


@pytest.mark.parametrize("host", [b"", b".", b"..", b".com", b"a..com", b"a.com.."])
def test_an_empty_label_makes_it_no_host(host: bytes) -> None:
    assert split(host) == [FAILED]


@pytest.mark.parametrize(
    "host", [b"a:80", b"http://a", b"x@a.com", b"a b", b" a", "é.com".encode(), b"1.2.3.4", b"a.7", b"\x7f", b"\t"]
)
def test_what_bytes_alone_do_not_tell_is_left_to_others(host: bytes) -> None:
    assert split(b"a.b.com", host, b"com") == [("a", "b.com"), HARD, ("", "com")]


def test_every_label_is_found_however_many_share_a_place() -> None:
    names = [f"{n:x}.{n % 7}" for n in range(1, 3000)]
    large = grown(names)
    for name in names:
        assert suffix_labels(np.frombuffer(f"x.{name}".encode(), np.uint8), large) == 2
    assert suffix_labels(np.frombuffer(b"x.0.8", np.uint8), large) == 1
