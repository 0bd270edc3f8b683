import re
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.intake.categories import Categorizer
from tests.intake.categories.messages import MESSAGES, categories, ids
from tests.kernels.streams import fixed

NAMES = ("ann", "bob", "cyd", "dan", "eve", "fay", "gus")
LOGINS = [f"User {name} logged in from 10.0.0.{n}" for n, name in enumerate(NAMES)]


def same(one: Categorizer, other: Categorizer) -> bool:
    left, right = one.state("c"), other.state("c")
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def test_ids_count_from_1_in_the_order_of_creation() -> None:
    assert ids(Categorizer(), ["start 1", "stop 1", "start 2", "pause"]) == [1, 2, 1, 3]


def test_a_row_without_a_message_has_no_category() -> None:
    categorizer = Categorizer()
    assert ids(categorizer, [None, "", "start"]) == [0, 0, 1]
    assert categorizer.column(pl.Series(["", "start", None])).to_list() == [None, "1", None]


def test_no_messages_are_no_categories() -> None:
    categorizer = Categorizer()
    assert ids(categorizer, []) == []
    assert len(categorizer.definitions()) == 0


def test_a_fifth_name_in_one_place_is_a_parameter() -> None:
    categorizer = Categorizer()
    assert ids(categorizer, LOGINS) == [1, 2, 3, 4, 1, 1, 1]
    assert categories(categorizer)[0].terms == "User logged in from"


def test_another_verb_is_another_category() -> None:
    messages = [
        f"[instance {n}] Took 1{n}.5 seconds to {verb} the instance" for n in range(9) for verb in ("spawn", "destroy")
    ]
    assert ids(Categorizer(), messages) == [1, 2] * 9


def test_lists_of_any_length_are_one_category() -> None:
    messages = [f"removed fetchers for {', '.join(f'topic-{k}' for k in range(n))} on broker {n}" for n in range(1, 20)]
    assert set(ids(Categorizer(), messages)) == {1}


def test_a_message_of_values_alone_has_a_category() -> None:
    categorizer = Categorizer()
    assert ids(categorizer, ["17", "18 0xff", "start"]) == [1, 1, 2]
    assert (categories(categorizer)[0].terms, categories(categorizer)[0].regex) == ("", ".*")


def test_words_of_values_never_make_a_category_of_everything() -> None:
    chance = np.random.default_rng(5)
    words = ["".join(chance.choice(list("ghijklmnop"), 4)) for _ in range(3_000)]
    categorizer = Categorizer()
    ids(categorizer, [" ".join(words[k : k + 4]) for k in range(2_996)])
    assert min(len(each.terms.split()) for each in categories(categorizer)) >= 2


@fixed
@given(MESSAGES)
def test_every_expression_is_found_in_all_its_members(messages: list[str]) -> None:
    categorizer = Categorizer()
    found = ids(categorizer, messages)
    expressions = {each.category_id: each.regex for each in categories(categorizer)}
    for category, message in zip(found, messages, strict=True):
        if category:
            assert re.search(expressions[category], message)
            assert re.fullmatch(expressions[category], message)
            # What Polars has is RE2's language.
            assert pl.Series([message]).str.contains(expressions[category]).item()


@fixed
@given(MESSAGES, st.sampled_from([r"\d", "user|host", "[a-z]*", r"^\S+", "o", r"\s+"]))
def test_with_filters_the_expressions_are_still_found_in_the_messages_as_sent(messages: list[str], what: str) -> None:
    categorizer = Categorizer([what])
    found = ids(categorizer, messages)
    expressions = {each.category_id: each.regex for each in categories(categorizer)}
    assert all(re.fullmatch(expressions[k], each) for k, each in zip(found, messages, strict=True) if k)


@fixed
@given(MESSAGES, st.lists(st.integers(0, 40)))
def test_the_pieces_do_not_matter(messages: list[str], cuts: list[int]) -> None:
    whole, pieces = Categorizer(), Categorizer()
    expected = ids(whole, messages)
    bounds = sorted({0, len(messages), *(min(cut, len(messages)) for cut in cuts)})
    found = [each for a, b in pairwise(bounds) for each in ids(pieces, messages[a:b])]
    assert found == expected
    assert same(whole, pieces)


@fixed
@given(MESSAGES, MESSAGES)
def test_restored_categories_go_on_as_if_nothing_had_happened(before: list[str], after: list[str]) -> None:
    one, other = Categorizer(), Categorizer()
    ids(one, before)
    other.restore("c", one.state("c"))
    assert same(one, other)
    assert ids(other, after) == ids(one, after)
    assert same(one, other)


def test_restoring_does_not_matter_when_categories_are_many() -> None:
    chance = np.random.default_rng(2)
    words = ["".join(chance.choice(list("ghijklmnop"), 5)) for _ in range(500)]
    messages = [f"{' '.join(chance.choice(words, 3))} ends {words[k % 60]}" for k in range(1_200)]
    one, other = Categorizer(), Categorizer()
    for begin in range(0, len(messages), 100):
        resumed = Categorizer()
        resumed.restore("c", other.state("c"))
        other = resumed
        assert ids(other, messages[begin : begin + 100]) == ids(one, messages[begin : begin + 100])
    assert same(one, other)


def test_a_message_keeps_its_category_when_it_comes_again() -> None:
    categorizer = Categorizer()
    first = ids(categorizer, LOGINS)
    assert ids(categorizer, LOGINS) == first


def test_what_changed_is_told_once() -> None:
    categorizer = Categorizer(examples=1)
    ids(categorizer, ["start 1", "stop 1"])
    assert categorizer.changed()["category_id"].to_list() == [1, 2]
    ids(categorizer, ["start 2"])
    assert categorizer.changed()["category_id"].to_list() == []
    ids(categorizer, ["stop 1000"])
    assert categorizer.changed()["category_id"].to_list() == [2]


def test_the_longest_message_may_be_a_tenth_longer() -> None:
    categorizer = Categorizer([r"<.*>"])
    ids(categorizer, ["start 1", "start 2 <1234567890>", "start 22"])
    assert categories(categorizer)[0].max_matching_length == 22


def test_messages_of_several_lines_are_matched_across_them() -> None:
    categorizer = Categorizer()
    trace = "Exception in thread main\n\tat a.B.c(B.java:{})\n\tat a.B.main(B.java:{})"
    assert ids(categorizer, [trace.format(1, 2), trace.format(33, 44)]) == [1, 1]
    assert categories(categorizer)[0].regex.startswith("(?s).*?Exception.+?in.+?thread.+?main.+?at")


def test_a_very_long_message_has_a_category() -> None:
    categorizer = Categorizer()
    message = "dump of " + " ".join(f"w{'xyz'[k % 3] * (k % 5 + 1)}{k}" for k in range(200_000))
    assert ids(categorizer, [message, message + " end"]) == [1, 1]
    assert re.fullmatch(categories(categorizer)[0].regex, message)


@pytest.mark.parametrize("limit", [None, 0, 1, 9])
def test_as_many_examples_are_kept_as_asked_for(limit: int | None) -> None:
    categorizer = Categorizer(examples=limit)
    ids(categorizer, [f"start {n}" for n in range(20)])
    assert len(categories(categorizer)[0].examples) == (4 if limit is None else limit)


def test_examples_are_messages_as_sent() -> None:
    categorizer = Categorizer([r"^\S+ "])
    ids(categorizer, ["10:00 stop", "09:00 stop"])
    (category,) = categories(categorizer)
    assert (category.terms, category.examples) == ("stop", ("09:00 stop", "10:00 stop"))


def test_categories_take_memory_that_is_told() -> None:
    categorizer = Categorizer()
    before = categorizer.size_bytes
    ids(categorizer, [f"{'abcdefgh'[k % 8]} {k} {chr(97 + k % 26) * (k // 26 + 1)}" for k in range(400)])
    assert categorizer.size_bytes > before
