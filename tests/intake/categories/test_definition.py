import re

from hypothesis import given
from hypothesis import strategies as st

from tailmass.intake.categories.definition import regular_expression
from tests.kernels.streams import fixed


def test_the_expression_has_the_words_in_their_order() -> None:
    assert (
        regular_expression(["User", "has", "logged", "in", "host"], lines=False)
        == ".*?User.+?has.+?logged.+?in.+?host.*"
    )


@fixed
@given(
    st.lists(
        st.text(st.characters(min_codepoint=33, exclude_characters="\x7f\x85\u2028\u2029"), min_size=1),
        min_size=1,
        max_size=4,
    )
)
def test_a_word_means_itself(words: list[str]) -> None:
    assert re.fullmatch(regular_expression(words, lines=False), f"<{' '.join(words)}>")
    assert not re.fullmatch(regular_expression(["~~", *words], lines=False), "".join(words))
