import polars as pl
import pytest

from tailmass.results import BUCKETS, RECORDS, Batch


def batch(timestamp: int, *, interim: bool = False) -> Batch:
    bucket = dict.fromkeys(BUCKETS, 0) | {"timestamp": timestamp}
    return Batch(pl.DataFrame([bucket], schema=BUCKETS), pl.DataFrame(schema=RECORDS), interim)


def test_an_empty_batch_has_the_columns_of_a_full_one() -> None:
    assert Batch.empty().buckets.schema == BUCKETS
    assert Batch.empty(interim=True).records.schema == RECORDS
    assert Batch.empty(interim=True).interim


def test_batches_join_in_their_order() -> None:
    joined = Batch.concat([batch(0), Batch.empty(), batch(300)])
    assert joined.buckets["timestamp"].to_list() == [0, 300]
    assert not joined.interim


def test_no_batches_join_to_an_empty_one() -> None:
    assert len(Batch.concat([]).buckets) == 0


def test_interim_and_final_results_do_not_mix() -> None:
    with pytest.raises(ValueError, match="keep them apart"):
        Batch.concat([batch(0), batch(300, interim=True)])
