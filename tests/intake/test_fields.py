from tailmass.intake.fields import Fields


def test_a_field_wanted_twice_is_named_once() -> None:
    assert Fields("time", ("a", "b", "time"), ("b", "c")).names == ("time", "a", "b", "c")
