from .rows import made, run


def test_letters_become_capitals_in_the_same_way_everywhere() -> None:
    values = ["www.Example", "", "àé", "οδος", "i", "straße", "ﬁ", "�x", "1 _"]
    assert made(run("uppercase", values)) == ["WWW.EXAMPLE", "", "ÀÉ", "ΟΔΟΣ", "I", "STRASSE", "FI", "�X", "1 _"]
    assert run("uppercase", values).failed is None
