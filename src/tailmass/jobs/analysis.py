"""How a job analyses: in what time slices, with which detectors, blaming whom."""

import re
from typing import Annotated

import polars as pl
from polars.exceptions import ComputeError
from pydantic import AfterValidator

from tailmass.errors import IncompleteConfiguration, InvalidValue
from tailmass.jobs.detector import Detector, category
from tailmass.jobs.regex import regex
from tailmass.jobs.wire import Double, Flag, Long, Name, Text, Wire, field_name, not_negative


class AnalysisConfig(Wire):
    """The time slices, detectors and influencers of a job."""

    always = frozenset({"latency", "influencers", "detectors"})
    native = frozenset({"time_zone", "alert_budget", "value_lists"})

    bucket_span: Long = 300
    batch_span: Long | None = None
    period: Long | None = None
    latency: Long = 0
    """How much older than the newest row a row may be."""
    summary_count_field_name: Name = None
    """The field that tells how many rows stand behind each one."""
    categorization_field_name: Name = None
    categorization_filters: tuple[Text, ...] | None = None
    detectors: tuple[Detector, ...] = ()
    influencers: tuple[Annotated[Text, AfterValidator(category)], ...] = ()
    overlapping_buckets: Flag | None = None
    result_finalization_window: Long | None = None
    multivariate_by_fields: Flag | None = None
    use_per_partition_normalization: Flag | None = None
    time_zone: Name = None
    """The zone whose days and weeks the data follows, by its IANA name; none is UTC."""
    alert_budget: Double | None = None
    """How many alerts a week are welcome, of all detectors together."""
    value_lists: dict[Text, tuple[Text, ...]] | None = None
    """Lists of values by their ids, for the rules of detectors."""

    @property
    def finalization_window(self) -> int:
        """How many buckets a result stays provisional, which it does for the sake of overlapping ones alone."""
        if not self.overlapping_buckets:
            return 0
        return 2 if self.result_finalization_window is None else self.result_finalization_window

    @property
    def missing_lists(self) -> tuple[str, ...]:
        """The lists that rules ask for and that are not there, sorted."""
        asked = {name for detector in self.detectors for name in detector.value_lists}
        return tuple(sorted(asked - set(self.value_lists or ())))

    @property
    def term_fields(self) -> tuple[str, ...]:
        """The fields whose values name things, sorted: splits and influencers."""
        splits = {name for detector in self.detectors for name in detector.split_fields}
        return tuple(sorted((splits | set(self.influencers)) - {""}))

    @property
    def analysis_fields(self) -> tuple[str, ...]:
        """All fields the analysis reads, sorted."""
        others = {detector.field_name for detector in self.detectors}
        others |= {self.summary_count_field_name, self.categorization_field_name}
        return tuple(sorted({*self.term_fields, *(name for name in others if name)}))

    def verify(self) -> None:
        """Raise the error of the first rule that the analysis breaks."""
        not_negative(bucket_span=self.bucket_span)
        if self.bucket_span == 0:
            raise InvalidValue("'bucketSpan' is 0: set the length of a bucket in seconds, or leave it out for 300")
        not_negative(batch_span=self.batch_span, period=self.period, latency=self.latency)
        not_negative(result_finalization_window=self.result_finalization_window)
        if not self.detectors:
            raise IncompleteConfiguration("No detectors configured")
        for detector in self.detectors:
            detector.verify(
                summarised=self.summary_count_field_name is not None, overlapping=bool(self.overlapping_buckets)
            )
        field_name("'summaryCountFieldName'", self.summary_count_field_name)
        field_name("'categorizationFieldName'", self.categorization_field_name)
        for name in self.influencers:
            field_name("An influencer", name)
        self.verify_filters()
        for name in self.missing_lists:
            raise InvalidValue(f"'valueList' of a rule is {name!r}, which is none of the 'valueLists': add it to them")
        if self.time_zone is not None and not _is_zone(self.time_zone):
            raise InvalidValue(
                f"'timeZone' is {self.time_zone!r}: use the IANA name of a zone, such as Europe/Berlin, "
                "America/New_York or UTC"
            )
        if self.alert_budget is not None and self.alert_budget <= 0:
            raise InvalidValue(
                f"'alertBudget' is {self.alert_budget:g}: set the alerts a week that are welcome, more than 0, or "
                "leave it out"
            )

    def verify_filters(self) -> None:
        """Raise when one of the `categorizationFilters` is of no use."""
        filters = self.categorization_filters or ()
        if filters and self.categorization_field_name is None:
            raise InvalidValue("'categorizationFilters' need a 'categorizationFieldName' to filter")
        for position, text in enumerate(filters):
            if not text:
                raise InvalidValue(f"'categorizationFilters[{position}]' is empty: remove it")
            if text in filters[:position]:
                raise InvalidValue(f"'categorizationFilters' have {text!r} twice: remove one")
            try:
                regex(text)
            except re.error as error:
                raise InvalidValue(
                    f"'categorizationFilters[{position}]' is no regular expression: {text!r}", cause=str(error)
                ) from error


def _is_zone(name: str) -> bool:
    # Polars brings the database of zones along; the system may have none.
    try:
        zone = pl.Series([0]).cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(name).dtype
    except ComputeError:
        return False
    # It reads offsets like +01:00 as well, and names the zone it takes them for.
    return zone == pl.Datetime("ms", name)
