"""The nouns a user reads: buckets, records, counts, jobs as they stand, and the envelopes they come in."""

from tailmass.results.audit import Activity, AuditMessage, Usage
from tailmass.results.batch import BUCKETS, INFLUENCERS, RECORDS, Batch
from tailmass.results.bucket import Bucket, BucketInfluencer
from tailmass.results.category import CATEGORIES, Category
from tailmass.results.counts import Counts
from tailmass.results.documents import acknowledgement, page, single
from tailmass.results.forecast import Forecast
from tailmass.results.influencer import Influencer
from tailmass.results.job import JobState
from tailmass.results.modelsize import ModelSize
from tailmass.results.record import Record
from tailmass.results.snapshot import Snapshot
from tailmass.results.times import parse_time, wire_time

__all__ = [
    "BUCKETS",
    "CATEGORIES",
    "INFLUENCERS",
    "RECORDS",
    "Activity",
    "AuditMessage",
    "Batch",
    "Bucket",
    "BucketInfluencer",
    "Category",
    "Counts",
    "Forecast",
    "Influencer",
    "JobState",
    "ModelSize",
    "Record",
    "Snapshot",
    "Usage",
    "acknowledgement",
    "page",
    "parse_time",
    "single",
    "wire_time",
]
