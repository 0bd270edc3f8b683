"""What the scheduler of a job reads: the file or the search that its `schedulerConfig` says, if it may be read."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tailmass.engine.support import fields
from tailmass.errors import SchedulerInvalidOption, SchedulerRequiresFormat
from tailmass.feeds.allowed import allowed_file, allowed_url
from tailmass.feeds.elastic.config import Indices, Search
from tailmass.feeds.elastic.histogram import Histogram
from tailmass.feeds.elastic.hits import HitSource
from tailmass.feeds.elastic.server import ElasticServer
from tailmass.feeds.elastic.source import Elastic
from tailmass.feeds.elastic.summaries import SummarySource
from tailmass.feeds.scheduler import Source
from tailmass.feeds.tail import FileSource
from tailmass.jobs import Job, SchedulerConfig
from tailmass.server.settings import SchedulerSettings

_USUAL_PAGE = 1000
_LARGEST_PAGE = 10_000
"""What servers give at once unless they were told otherwise."""


def source_of(job: Job, *, settings: SchedulerSettings, unseal: Callable[[str], str]) -> Source:
    """What the scheduler of a job is to read. Nothing is opened yet.

    Parameters
    ----------
    job : one that has a scheduler
    settings : where schedulers may get data from
    unseal : decrypts a password

    Raises
    ------
    SchedulerError : it may not be read, or its options cannot be used
    EncryptionFailure : its password cannot be decrypted
    """
    config = job.scheduler_config
    assert config is not None, "the job has a scheduler"
    if config.data_source == "FILE":
        return _file(job, config.file_path or "", settings)
    try:
        return _search(job, config, settings, unseal)
    except ValueError as error:
        raise SchedulerInvalidOption(str(error)) from error


def _file(job: Job, path: str, settings: SchedulerSettings) -> FileSource:
    written = job.data_description.format
    if written == "ELASTICSEARCH":
        raise SchedulerRequiresFormat("A file is not in the format ELASTICSEARCH: set DELIMITED, JSON or SINGLE_LINE")
    locate: Callable[[], Path] = partial(allowed_file, path, settings.folders)
    tail = bool(job.scheduler_config and job.scheduler_config.tail_file)
    return FileSource(locate, tail=tail, header=written == "DELIMITED")


def _search(
    job: Job, config: SchedulerConfig, settings: SchedulerSettings, unseal: Callable[[str], str]
) -> HitSource | SummarySource:
    url = allowed_url(config.base_url or "", settings.hosts)
    login = None
    if config.username is not None and config.encrypted_password is not None:
        login = config.username, unseal(config.encrypted_password)
    indices = Indices(",".join(config.indexes or ()))
    time_field, every = job.data_description.time_field, config.interval(job.analysis_config.bucket_span)
    filters = () if config.query is None else (config.query,)
    if config.aggregated is not None:
        histogram = Histogram.parse(config.aggregated, time_field=time_field)
        elastic = Elastic(ElasticServer(url, login=login), indices, Search(time_field, filters=filters))
        return SummarySource(elastic, histogram, every=every)
    page_rows = min(config.scroll_size or _USUAL_PAGE, _LARGEST_PAGE)
    search = Search(time_field, page_rows, filters, _wanted(job, config))
    return HitSource(
        Elastic(ElasticServer(url, login=login), indices, search, stamp=time_field), time_field=time_field, every=every
    )


def _wanted(job: Job, config: SchedulerConfig) -> dict[str, Any]:
    """What to give of each document; the time comes by itself.

    Parts of fields that are made for the index alone, such as `host.keyword`, are in no source, so they are asked for.
    """
    scripts = config.script_fields or {}
    time_field = job.data_description.time_field
    names = [name for name in fields(job).source.names if name != time_field and name not in scripts]
    source: Any = {"excludes": [time_field]}
    if not config.retrieve_whole_source:
        source = {"includes": names, **source} if names else False
    wanted = {"_source": source, "fields": [name for name in names if "." in name], "script_fields": scripts}
    return {name: value for name, value in wanted.items() if name == "_source" or value}
