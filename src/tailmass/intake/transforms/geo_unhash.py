"""`geo_unhash`: a geohash as latitude and longitude."""

from collections.abc import Sequence

import polars as pl

from tailmass.intake.spans import spans
from tailmass.intake.transforms.step import Outcome, Step
from tailmass.jobs import Transform
from tailmass.kernels.geohash import geohashes


def geo_unhash(transform: Transform) -> Step:
    """Writes the middle of the geohash's cell as `latitude,longitude`; a value that is no geohash is a failure."""
    del transform

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        latitude, longitude, known = geohashes(*spans(inputs[0]))
        place = pl.concat_str([pl.Series(each).cast(pl.String) for each in (latitude, longitude)], separator=",")
        return Outcome((pl.select(pl.when(pl.Series(known)).then(place).otherwise(pl.lit(""))).to_series(),), ~known)

    return run
