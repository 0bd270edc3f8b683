import pytest

from tailmass.jobs.functions import BY_NAME, FUNCTIONS, MEASURES, function

COUNTS = {"count", "high_count", "low_count"}
NON_ZERO = {f"{side}{name}" for side in ("", "high_", "low_") for name in ("non_zero_count", "nzc")}
TIMES = {"time_of_day", "time_of_week"}
RARE = {"rare", "freq_rare"}
FIELD = {
    f"{side}{name}"
    for side in ("", "high_", "low_")
    for name in ("distinct_count", "dc", "info_content", "mean", "avg", "median", "sum", "non_null_sum", "varp")
} | {"metric", "min", "max", "lat_long"}


def named(**wanted: str) -> set[str]:
    return {name for name, each in BY_NAME.items() if all(getattr(each, key) == value for key, value in wanted.items())}


def test_there_are_the_forty_two_names_of_the_api_and_two_that_came_later() -> None:
    assert set(BY_NAME) == COUNTS | NON_ZERO | TIMES | RARE | FIELD
    assert len(set(BY_NAME) - {"high_median", "low_median"}) == 42


def test_no_name_stands_for_two_functions() -> None:
    assert sum(1 + len(each.aliases) for each in FUNCTIONS) == len(BY_NAME)


def test_the_functions_of_a_field_are_those_of_the_api_and_the_others_forbid_one() -> None:
    assert named(field="required") == FIELD
    assert named(field="forbidden") == COUNTS | NON_ZERO | TIMES | RARE


def test_rarity_needs_a_by_field_and_its_frequency_a_population() -> None:
    assert named(by="required") == RARE
    assert named(over="required") == {"freq_rare"}


def test_only_counts_that_ignore_nothing_happening_have_no_population() -> None:
    assert named(over="forbidden") == NON_ZERO


def test_counts_and_times_stand_alone() -> None:
    assert {name for name, each in BY_NAME.items() if each.stands_alone} == COUNTS | NON_ZERO | TIMES


def test_a_side_is_in_the_name() -> None:
    assert named(side="high") == {name for name in BY_NAME if name.startswith("high_")}
    assert named(side="low") == {name for name in BY_NAME if name.startswith("low_")}
    assert {name for name, each in BY_NAME.items() if each.side is None} == RARE | TIMES | {"lat_long"}


def test_silence_counts_where_something_is_counted_or_summed() -> None:
    sided = {f"{side}{name}" for side in ("", "high_", "low_") for name in ("count", "distinct_count", "dc", "sum")}
    assert named(empty="zero") == sided


@pytest.mark.parametrize(
    ("alias", "name", "description"),
    [
        ("nzc", "non_zero_count", "count"),
        ("high_nzc", "high_non_zero_count", "count"),
        ("low_dc", "low_distinct_count", "distinct_count"),
        ("avg", "mean", "mean"),
        ("high_avg", "high_mean", "mean"),
        ("low_non_null_sum", "low_non_null_sum", "sum"),
        ("freq_rare", "freq_rare", "rare"),
        ("time_of_week", "time_of_week", "time"),
        ("lat_long", "lat_long", "lat_long"),
    ],
)
def test_an_alias_is_the_function_it_stands_for(alias: str, name: str, description: str) -> None:
    assert (function(alias).name, function(alias).description) == (name, description)


def test_only_metric_measures_three_things() -> None:
    assert function("metric").measures == ("mean", "min", "max")
    assert [each.name for each in FUNCTIONS if len(each.measures) != 1] == ["metric"]


def test_what_is_different_or_told_is_read_as_it_is_written_and_so_are_places() -> None:
    counted = {f"{side}{name}" for side in ("", "high_", "low_") for name in ("distinct_count", "dc", "info_content")}
    assert {name for name, each in BY_NAME.items() if each.texts} == counted | {"lat_long"}


def test_everything_that_is_measured_is_told_to_people() -> None:
    assert set(MEASURES) == {measure for each in FUNCTIONS for measure in each.measures}


@pytest.mark.parametrize("name", ["", "Count", "COUNT", "frequent", "mean "])
def test_a_name_is_exact(name: str) -> None:
    with pytest.raises(KeyError):
        function(name)
