from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.feeds import farequote

REAL = Path(__file__).parents[3] / "shared" / "data" / "farequote" / "farequote.csv.gz"


@pytest.fixture(scope="module")
def made() -> pl.DataFrame:
    return farequote.rows()


def in_burst(made: pl.DataFrame) -> pl.DataFrame:
    since = made["time"].dt.epoch("s")
    return made.filter((since >= farequote.BURST_START) & (since < farequote.BURST_END))


def test_the_csv_of_a_seed_is_the_same_bytes_on_every_machine() -> None:
    # The digest was taken once; a change of NumPy, Polars or processor must not change it.
    assert sha256(farequote.csv()).hexdigest() == "628ad23d97d28946cd0460122b58dbf94f3dd05213f70c39370a90bbbf681388"


def test_another_seed_gives_other_rows() -> None:
    assert farequote.csv(2) != farequote.csv(1)


def test_there_are_five_days_of_nineteen_airlines(made: pl.DataFrame) -> None:
    assert made.columns == ["time", "airline", "responsetime", "sourcetype"]
    assert 85_000 < made.height < 87_000
    assert made["airline"].n_unique() == 19
    assert made["time"].dt.date().n_unique() == 5


def test_rows_come_in_the_order_of_time(made: pl.DataFrame) -> None:
    assert made["time"].is_sorted()


def test_the_burst_is_ten_slow_and_busy_minutes_of_one_airline(made: pl.DataFrame) -> None:
    burst = in_burst(made).filter(airline="AAL")["responsetime"]
    assert 160 <= len(burst) <= 180
    assert burst.mean() == pytest.approx(290, abs=10)


def test_outside_the_burst_that_airline_has_a_dozen_rows_in_ten_minutes_about_a_mean_of_100(made: pl.DataFrame) -> None:
    since = made["time"].dt.epoch("s")
    calm = made.filter((pl.col("airline") == "AAL") & ~since.is_between(farequote.BURST_START, farequote.BURST_END))
    per_ten_minutes = calm.group_by(pl.col("time").dt.truncate("10m")).len()["len"]
    assert per_ten_minutes.mean() == pytest.approx(12, abs=0.5)
    assert int(per_ten_minutes.cast(pl.Int64).max() or 0) < 40  # type: ignore[arg-type]
    assert calm["responsetime"].mean() == pytest.approx(100, abs=2)


def test_days_are_busier_than_nights(made: pl.DataFrame) -> None:
    hour = made["time"].dt.hour()
    night = made.filter((hour < 2) | (hour >= 22)).height
    noon = made.filter(hour.is_between(10, 13)).height
    assert 1.2 < noon / night < 1.45


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32))
def test_no_response_takes_less_than_no_time(seed: int) -> None:
    assert float(farequote.rows(seed)["responsetime"].min()) >= 0  # type: ignore[arg-type]


def test_no_row_is_one_of_the_real_ones(made: pl.DataFrame) -> None:
    if not REAL.exists():
        pytest.skip("needs the shared data next to the checkout")
    real = pl.read_csv(REAL)
    assert made.join(real, on=["airline", "responsetime"], how="semi").height < made.height * 0.2  # by chance only
    assert abs(made.height - real.height) < 1000
