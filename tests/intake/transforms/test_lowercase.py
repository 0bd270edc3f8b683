from .rows import made, run


def test_letters_become_small_in_the_same_way_everywhere() -> None:
    # As Java does with Locale.ROOT: a final sigma is another letter, and the dot of a Turkish I is kept.
    values = ["WWW.Example", "", "ÀÉ", "ΟΔΟΣ", "İ", "ẞ", "�X", "1 _"]
    assert made(run("lowercase", values)) == ["www.example", "", "àé", "οδος", "i̇", "ß", "�x", "1 _"]
    assert run("lowercase", values).failed is None
