"""Which values of the influencers are to blame for what one detector found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import Findings, Names
from tailmass.analysis.dictionary import Dictionary, Pairs
from tailmass.analysis.footprint import Cardinalities
from tailmass.analysis.gathering import row_values
from tailmass.analysis.parts import Parts, Rows, Table
from tailmass.analysis.usual import Share, Usual, spread, stops, usual_bytes
from tailmass.analysis.without import GROWING, MEASURES, Values, influence, without
from tailmass.columns import Columns, Flags, Floats, Ints
from tailmass.jobs import Detector
from tailmass.kernels.ids import EMPTY
from tailmass.kernels.parts import Held

LEAST = 0.5
"""Influence from which on a value is named: without its rows, not even half of the evidence would be left."""
MOST = 3
"""Values of one field that can each be to blame for one number: where more of them seem to be, none of them is."""
USUAL_SHARE = 0.9
"""A value that more than this share of the rows have explains nothing that something else explains as well."""
ALWAYS = 0.999
"""From this share on, all rows of a series are taken to have the value by nature, as a host is in one data centre."""


class Influences(NamedTuple):
    """Values that are to blame: by finding, then by claim, then by field, the most influential first; (m,) each."""

    finding: Ints
    claim: Ints
    """The cause of the finding where it has causes, counted over all findings; else the finding itself."""
    field: Ints
    """Position among the influencers of the job."""
    value: Ints
    """Id in the dictionary of the field."""
    influence: Floats
    """In [`LEAST`, 1]"""

    @staticmethod
    def none() -> "Influences":
        """Nobody is to blame."""
        nothing = np.zeros(0, np.int64)
        return Influences(nothing, nothing, nothing, nothing, np.zeros(0))


class Claims(NamedTuple):
    """What is to be explained, by bucket; (n,) each."""

    finding: Ints
    bucket: Ints
    """Position among the buckets of the call."""
    key: Ints
    """Whose rows it is about."""
    measure: Ints
    actual: Floats
    typical: Floats


@dataclass(slots=True)
class _Field:
    """One influencer that does not split the detector."""

    name: str
    dictionary: Dictionary
    parts: Parts
    overall: Usual
    """Of all rows of the detector, as if they were one series."""
    within: Usual | None
    """Of each series, where something is measured of its rows."""
    table: Table | None = None
    """The parts of the buckets at hand."""

    @property
    def usual(self) -> Iterator[Usual]:
        """All that is remembered of it."""
        yield self.overall
        if self.within is not None:
            yield self.within


class Influence:
    """Keeps the rows of open buckets by the values of the influencers, and what is usual of them.

    A value is to blame for a number of a series as far as the evidence goes away with its rows (`analysis.without`),
    and for rows that should not be there by its share of them. What a detector splits by needs no rows: all of them
    have the value.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field and influencer, shared by the detectors of a job
    influencers : fields that may be to blame
    span : seconds of a bucket
    summary : the field that tells how many rows each one stands for, if they are summarised
    """

    def __init__(
        self, detector: Detector, dictionaries: Mapping[str, Dictionary], influencers: Sequence[str], span: int,
        summary: str | None = None,
    ) -> None:  # fmt: skip
        self._detector, self._dictionaries, self._summary = detector, dictionaries, summary
        self._measures = detector.definition.measures
        self._influencers = tuple(influencers)
        self._measured = self._measures[0] in MEASURES
        values, texts = "median" in self._measures, detector.definition.texts and self._measured
        self._fields = tuple(
            _Field(
                name,
                dictionaries[name],
                Parts(values=values, texts=texts),
                Usual(span),
                Usual(span) if self._measured else None,
            )
            for name in self._influencers
            if name not in detector.split_fields
        )

    def add(self, columns: Columns, keys: Ints, ids: Mapping[str, Ints], advance: Advance) -> None:
        """Take in admitted rows.

        Parameters
        ----------
        columns : the rows
        keys : (n,) whose rows they are, as findings name them; negative where the detector passes the row over
        ids : for each influencer, (n,) ids of the values
        advance : what the clock says of the rows
        """
        if not self._fields:
            return
        values, texts = np.zeros(len(keys)), None
        if self._measured:
            values = row_values(self._detector, columns)
            keys = np.where(np.isnan(values), EMPTY, keys)
            texts = columns.texts.get(self._detector.field_name or "")
        weights = columns.numbers[self._summary] if self._summary else None
        for each in self._fields:
            each.parts.add(Rows(advance.rows, keys, ids[each.name], values, weights, texts))

    def judge(self, found: Findings, names: Names, first: int, until: int, *, closing: bool) -> Influences:
        """Who is to blame for findings in consecutive buckets.

        Parameters
        ----------
        found : the findings
        names : partition, by and over values of the findings
        first, until : the buckets; all up to `until` are forgotten if they are closing
        """
        if not self._influencers or until <= first:
            return Influences.none()
        claims = _claims(found)
        blamed = [self._splits(claims, found, names)]
        for each in self._fields:
            each.table = each.parts.table(first, until)
        for bucket, asked in self._stretches(claims, first, until, closing=closing):
            those = Claims._make(part[asked] for part in claims)
            blamed += [self._blamed(each, those, asked, bucket) for each in self._fields]
        for each in self._fields:
            each.table = None
            if closing:
                each.parts.clear(first, until)
        return _named(claims, *(np.concatenate(parts) for parts in zip(*blamed, strict=True)))

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        for each in self._fields:
            each.parts.clear(first, until)

    def state(self, prefix: str) -> Arrays:
        """Open rows and usual shares as arrays."""
        kept: Arrays = {}
        for each in self._fields:
            kept |= each.parts.state(f"{prefix}.{each.name}.open") | each.overall.state(f"{prefix}.{each.name}.overall")
            kept |= each.within.state(f"{prefix}.{each.name}.within") if each.within else {}
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        for each in self._fields:
            each.parts.restore(f"{prefix}.{each.name}.open", kept)
            each.overall.restore(f"{prefix}.{each.name}.overall", kept)
            if each.within:
                each.within.restore(f"{prefix}.{each.name}.within", kept)

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """What is refused where there is no memory for more."""
        return tuple(usual.pairs for each in self._fields for usual in each.usual)

    @property
    def size_bytes(self) -> int:
        """Bytes of what is usual; rows of open buckets come and go."""
        return sum(usual.size_bytes for each in self._fields for usual in each.usual)

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""
        return sum(usual.most_bytes(len(each.parts) + more) for each in self._fields for usual in each.usual)

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met."""
        split = self._detector.split_fields
        overall = sum(usual_bytes(expected.of(each.name), 1) for each in self._fields)
        if not self._measured:
            return overall
        return overall + sum(usual_bytes(expected.of(*split, each.name), expected.of(*split)) for each in self._fields)

    def _splits(self, claims: Claims, found: Findings, names: Names) -> "_Blamed":
        """The values by which the detector splits are those of all rows that a claim is about."""
        detector, causes = self._detector, found.causes
        blamed = [_Blamed.none()]
        for name, split in zip(
            (detector.partition_field_name, detector.by_field_name, detector.over_field_name), names, strict=True
        ):
            if name not in self._influencers:
                continue
            told = None if split is None else np.array(split, dtype=object)[claims.finding].tolist()
            if name == detector.by_field_name and split is None:
                told = None if causes is None else causes.by
            if told is None:
                continue
            value = self._dictionaries[name].ids(pl.Series(told, dtype=pl.String))
            claim = np.flatnonzero(value != self._dictionaries[name].empty)
            field = np.full(len(claim), self._influencers.index(name))
            sure = np.ones(len(claim))
            blamed.append(_Blamed(claim, field, value[claim], sure, np.zeros(len(claim), np.bool_)))
        return _Blamed._make(np.concatenate(parts) for parts in zip(*blamed, strict=True))

    def _stretches(self, claims: Claims, first: int, until: int, *, closing: bool) -> Iterator[tuple[int, Ints]]:
        """Every bucket with claims and the positions of these, with all that came before it learnt."""
        places = {first + int(bucket): np.flatnonzero(claims.bucket == bucket) for bucket in np.unique(claims.bucket)}
        pauses = sorted({*places, *(stops(first, until) if closing else ())})
        begin = first
        for bucket in pauses:
            if closing:
                self._learn(begin, bucket)
                begin = bucket
                if bucket in stops(first, until):
                    for each in self._fields:
                        for usual in each.usual:
                            usual.forget(bucket)
            if bucket in places:
                yield bucket, places[bucket]
        if closing:
            self._learn(begin, until)

    def _learn(self, first: int, until: int) -> None:
        """Know what is usual from the buckets `first` to `until - 1` on."""
        for each in self._fields:
            assert each.table is not None
            begin, end = np.searchsorted(each.table.bucket, [first, until])
            table = each.table.take(np.arange(begin, end))
            each.overall.learn(table._replace(key=np.zeros(len(table.key), np.int64)))
            if each.within:
                each.within.learn(table)

    def _blamed(self, field: _Field, claims: Claims, numbers: Ints, bucket: int) -> "_Blamed":
        """The influence of each value of one field on the claims of one bucket, which have these numbers."""
        values = self._values(field, claims, bucket)
        claim, rows = values.claim, values.parts.held.rows
        sums = np.bincount(claim, rows, minlength=values.claims)[claim]
        share = np.divide(rows, sums, out=np.zeros(len(rows)), where=sums > 0.0)
        found = share.copy()
        for number, measure in enumerate(self._measures if self._measured else ()):
            here = np.flatnonzero((claims.measure == number)[claim])
            part = _at(values, here)
            actual, typical = claims.actual[part.claim], claims.typical[part.claim]
            left = without(measure, actual, part, field.parts)
            known = ~np.isnan(actual - typical)
            found[here[known]] = influence(measure, actual, typical, left)[known]
        always = values.share.rows >= ALWAYS
        found[always & (rows == sums)] = 1.0
        overall = field.overall.share(np.zeros(len(claim), np.int64), values.parts.value, values.parts.bucket).rows
        usual = (overall > USUAL_SHARE) | ((values.share.rows > USUAL_SHARE) & ~always)
        told = np.flatnonzero((found >= LEAST) & (values.parts.value != field.dictionary.empty))
        told = told[np.bincount(claim[told], minlength=values.claims)[claim[told]] <= MOST]
        where = np.full(len(told), self._influencers.index(field.name))
        return _Blamed(numbers[claim[told]], where, values.parts.value[told], found[told], usual[told])

    def _values(self, field: _Field, claims: Claims, bucket: int) -> Values:
        """The values that a claim's rows have, and of what is too little also those that they usually have."""
        table, count = field.table, len(claims.key)
        assert table is not None
        start, stop = np.searchsorted(table.bucket, [bucket, bucket + 1])
        keys = table.key[start:stop]
        begin, end = (np.searchsorted(keys, claims.key, side) for side in ("left", "right"))
        place, claim = spread(begin, end)
        parts = table.take(start + place)
        if field.within is None:
            nothing = np.zeros(len(claim))
            return Values(claim, parts, Share(nothing, nothing, nothing), count)
        grows = np.array([each in GROWING for each in self._measures])
        low = np.flatnonzero(grows[claims.measure] & (claims.actual < claims.typical))
        which, value = field.within.values(claims.key[low])
        which = low[which]
        absent = ~_among(which, value, claim, parts.value)
        which, value = which[absent], value[absent]
        more = Table(
            number=np.full(len(which), -1, np.int64),
            bucket=np.full(len(which), bucket),
            key=claims.key[which],
            value=value,
            held=Held(*np.zeros((len(Held._fields), len(which)))),
        )
        claim = np.concatenate([claim, which])
        order = np.argsort(claim, kind="stable")
        parts = _joined(parts, more).take(order)
        return Values(claim[order], parts, field.within.share(parts.key, parts.value, parts.bucket), count)


class _Blamed(NamedTuple):
    """Values with influence; (m,) each."""

    claim: Ints
    field: Ints
    value: Ints
    influence: Floats
    usual: Flags
    """Whether nearly all rows have the value anyway."""

    @staticmethod
    def none() -> "_Blamed":
        nothing = np.zeros(0, np.int64)
        return _Blamed(nothing, nothing, nothing, np.zeros(0), np.zeros(0, np.bool_))


def _claims(found: Findings) -> Claims:
    causes = found.causes
    if causes is None:
        number = np.arange(len(found.series))
        return Claims(number, found.bucket, found.key, found.feature, _flat(found.actual), _flat(found.typical))
    number = np.repeat(np.arange(len(found.series)), np.diff(causes.offsets))
    return Claims(number, found.bucket[number], causes.key, causes.feature, causes.actual, causes.typical)


def _flat(numbers: Floats) -> Floats:
    return numbers if numbers.ndim == 1 else numbers[:, 0]


def _at(values: Values, places: Ints) -> Values:
    share = Share._make(part[places] for part in values.share)
    return Values(values.claim[places], values.parts.take(places), share, values.claims)


def _joined(one: Table, other: Table) -> Table:
    held = Held._make(map(np.concatenate, zip(one.held, other.held, strict=True)))
    return Table(
        number=np.concatenate([one.number, other.number]),
        bucket=np.concatenate([one.bucket, other.bucket]),
        key=np.concatenate([one.key, other.key]),
        value=np.concatenate([one.value, other.value]),
        held=held,
    )


def _among(left: Ints, right: Ints, lefts: Ints, rights: Ints) -> Flags:
    """(n,) whether each pair of numbers, which are >= 0 and below 2^31, is among others."""
    return np.isin((left << 31) | right, (lefts << 31) | rights)


def _named(claims: Claims, claim: Ints, field: Ints, value: Ints, found: Floats, usual: Flags) -> Influences:
    """Whom to name: those that nearly all rows have only where no other explains the finding."""
    finding = claims.finding[claim]
    explained = np.zeros(int(claims.finding.max(initial=-1)) + 1, np.bool_)
    explained[finding[~usual]] = True
    told = np.flatnonzero(~usual | ~explained[finding])
    order = told[np.lexsort((value[told], -found[told], field[told], claim[told]))]
    return Influences(finding[order], claim[order], field[order], value[order], found[order])
