from tailmass.intake.fields import Fields
from tailmass.jobs.transforms import parse


def test_a_field_wanted_twice_is_named_once() -> None:
    assert Fields("time", ("a", "b", "time"), ("b", "c")).names == ("time", "a", "b", "c")


def test_what_transforms_make_is_not_looked_for_in_the_data() -> None:
    transforms = parse(
        [
            {"transform": "concat", "inputs": ["date", "clock"], "outputs": ["time"]},
            {"transform": "split", "inputs": ["raw"], "outputs": ["a", "n"], "arguments": [","]},
            {"transform": "lowercase", "inputs": ["a"], "outputs": ["b"]},
        ]
    )
    fields = Fields("time", ("b", "c"), ("n", "m"), transforms)
    assert fields.source == Fields(None, ("c", "date", "clock", "raw"), ("m",))
    assert fields.source.names == ("c", "date", "clock", "raw", "m")


def test_without_transforms_the_data_has_to_have_all_fields() -> None:
    fields = Fields("time", ("a",), ("b",))
    assert fields.source == fields
