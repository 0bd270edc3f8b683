import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailmass.intake.categories import Categorizer
from tailmass.kernels.mask import WILD
from tailmass.kernels.templates import rehashed
from tests.intake.categories.messages import ids
from tests.kernels import naive_categories as naive
from tests.kernels.streams import fixed

NAMES = "alice bob carol dave erin frank node1 node2 disk.a disk.b disk.c 10.1.2.3 17"
SUBJECTS = st.sampled_from(NAMES.split())
SENTENCES = st.sampled_from(
    [
        "user {} logged in to {} at noon",
        "user {} logged out of {}",
        "{} failed",
        "{} {}",
        "Thread {} waits for a lock that {} holds since {} and does not give up",
        "value={} {}, {}",
        "17 {}",
        "",
        "?",
    ]
)
MESSAGES = st.lists(st.builds(str.format, SENTENCES, SUBJECTS, SUBJECTS, SUBJECTS), max_size=80)


@fixed
@given(MESSAGES)
def test_categories_are_those_of_the_definition(messages: list[str]) -> None:
    categories = naive.Categories()
    assert ids(Categorizer(), messages) == [categories.id(each) if each else 0 for each in messages]


def test_categories_stay_those_of_the_definition_when_they_are_many() -> None:
    # More templates, words, shapes and terms than there was room for at first, and crowded places
    chance = np.random.default_rng(1)
    names = ["".join(chance.choice(list("ghijklmnop"), 5)) for _ in range(600)]
    messages = [" ".join(chance.choice(names, 4)) + f" meets {names[k % 40]} {k}" for k in range(1_500)]
    categories = naive.Categories()
    assert ids(Categorizer(), messages) == [categories.id(each) for each in messages]
    assert max(categories.crowds.values()) == 32


def test_a_larger_table_has_the_same_keys() -> None:
    table = np.array([0, 7, 0, 12, 5, 0, 0, 23], np.uint64)
    larger = np.zeros(16, np.uint64)
    places = rehashed(table, larger)
    assert (places >= 0).tolist() == (table != WILD).tolist()
    assert larger[places[places >= 0]].tolist() == [7, 12, 5, 23]
    assert np.count_nonzero(larger) == 4
