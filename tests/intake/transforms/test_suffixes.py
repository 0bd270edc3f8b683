from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PSLFILE, PublicSuffixList

from tailmass.intake.transforms.suffixes import suffixes
from tailmass.kernels.hosts import suffix_labels


@cache
def library() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def rules() -> list[str]:
    with open(PSLFILE, encoding="utf-8") as file:
        lines = [line.split(" ")[0].strip() for line in file]
    return [line.lstrip("!") for line in lines if line and not line.startswith("//")]


def read(name: str) -> int:
    return suffix_labels(np.frombuffer(name.encode(), np.uint8), suffixes())


def test_every_rule_is_read_as_the_library_reads_it() -> None:
    for rule in rules():
        for name in (rule, f"x.{rule}", f"y.x.{rule}", rule.encode("idna").decode()):
            public = library().publicsuffix(name)
            assert public is not None
            assert read(name) == public.count(".") + 1, name


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    st.lists(
        st.sampled_from(["a", "www", "com", "uk", "co", "jp", "city", "kobe", "ck", "*", "io", "github"]), min_size=1
    )
)
def test_any_name_is_read_as_the_library_reads_it(labels: list[str]) -> None:
    public = library().publicsuffix(".".join(labels))
    assert public is not None
    assert read(".".join(labels)) == public.count(".") + 1
