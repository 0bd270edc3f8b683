"""The client of 2016: its names, its arguments, its (status, payload) tuples."""

import logging
from collections.abc import Generator
from typing import Any, TypeAlias

from tailmass.client.address import Address
from tailmass.client.body import Data, encoded
from tailmass.client.connection import Connection
from tailmass.client.listing import replies
from tailmass.client.reply import Reply
from tailmass.client.request import Moment, Payload, Request, ask, moment

__all__ = ["EngineApiClient"]

Answer: TypeAlias = tuple[int, Any]
PAGE = 100

_log = logging.getLogger(__name__)


class EngineApiClient:
    """A server of the Engine API, as scripts written for version 2.0 of the old client know it.

    Every call returns the HTTP status and the parsed document, ``{}`` when the body was empty. No status raises; those
    that are errors are logged. Arguments after a ``*`` are younger than the scripts.
    """

    def __init__(self, host: str, base_url: str, port: int = 8080, *, token: str | None = None) -> None:
        self._connection = Connection(Address(host, int(port), base_url), token=token)

    def getJob(self, job_id: str) -> Answer:
        """The job, in a single-document envelope."""
        return self._document(ask("GET", "jobs", job_id))

    def getJobs(self, skip: int = 0, take: int = 100) -> Answer:
        """A page of jobs."""
        return self._document(ask("GET", "jobs", skip=skip, take=take))

    def createJob(self, payload: Payload, *, overwrite: bool = False) -> Answer:
        """Create a job from JSON text; the status is 201 and the document holds the id."""
        return self._document(ask("POST", "jobs", overwrite=overwrite or None).carrying(payload))

    def updateJob(self, job_id: str, payload: Payload) -> Answer:
        """Change what may be changed of a job's configuration."""
        return self._document(ask("PUT", "jobs", job_id, "update").carrying(payload))

    def pauseJob(self, job_id: str) -> Answer:
        """Go on accepting data, but analyse none of it."""
        return self._document(ask("POST", "jobs", job_id, "pause"))

    def resumeJob(self, job_id: str) -> Answer:
        """Analyse again."""
        return self._document(ask("POST", "jobs", job_id, "resume"))

    def delete(self, job_id: str) -> Answer:
        """Delete a job with its model and results."""
        return self._document(ask("DELETE", "jobs", job_id))

    def upload(
        self,
        job_id: str,
        data: Data,
        gzipped: bool = False,
        store: bool = False,
        *,
        reset_start: Moment | None = None,
        reset_end: Moment | None = None,
        ignore_downtime: bool | None = None,
    ) -> Answer:
        """Send text, bytes or an open file to a job, or to several with a comma between their ids; status 202."""
        request = ask(
            "POST",
            "dataload" if store else "data",
            job_id,
            resetStart=moment(reset_start),
            resetEnd=moment(reset_end),
            ignoreDowntime=ignore_downtime,
        )
        return self._document(request.uploading(data, gzipped=gzipped))

    def stream(
        self, job_id: str, data: str | bytes, gzipped: bool = False
    ) -> Generator[Answer | None, str | bytes | None, None]:
        """Send data piece by piece.

        ``send(None)`` starts and sends ``data``, whose first line is the header; ``send(more)`` goes on, in whole
        records; ``send('')`` ends the upload and returns its result. Once the server has refused the upload, further
        pieces go nowhere, and the result says why.
        """
        request = ask("POST", "data", job_id).uploading((), gzipped=gzipped)
        with self._connection.open(request) as exchange:
            exchange.write(encoded(data))
            while piece := (yield None):
                exchange.write(encoded(piece))
            reply = exchange.reply()
        yield self._answer(request, reply, reply.document())

    def close(self, job_id: str) -> Answer:
        """Analyse what is buffered, keep the model, and stop; the status is 202, or 200 from some servers."""
        return self._document(ask("POST", "data", job_id, "close"))

    def flush(
        self,
        job_id: str,
        calc_interim: bool = False,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        advance_time: Moment | None = None,
    ) -> Answer:
        """Wait until all data sent is analysed."""
        span = {"start": moment(start_date), "end": moment(end_date), "advanceTime": moment(advance_time)}
        return self._document(ask("POST", "data", job_id, "flush", calcInterim=calc_interim, **span))

    def preview(self, job_id: str, data: Data, gzipped: bool = False) -> Answer:
        """The data as the analysis would see it: CSV text, or the text of an error document."""
        request = ask("POST", "preview", job_id).uploading(data, gzipped=gzipped)
        reply = self._connection.send(request)
        return self._answer(request, reply, reply.text())

    def getBucket(
        self, job_id: str, bucket_timestamp: Moment, include_records: bool = False, include_interim: bool = False
    ) -> Answer:
        """One bucket, in a single-document envelope."""
        path = ("results", job_id, "buckets", moment(bucket_timestamp))
        return self._document(ask("GET", *path, expand=include_records, includeInterim=include_interim))

    def getBuckets(
        self,
        job_id: str,
        skip: int = 0,
        take: int = 100,
        include_records: bool = False,
        normalized_probability_filter_value: float | None = None,
        anomaly_score_filter_value: float | None = None,
        include_interim: bool = False,
    ) -> Answer:
        """A page of buckets."""
        scores = (normalized_probability_filter_value, anomaly_score_filter_value)
        return self._document(self._ask_buckets(job_id, include_records, *scores, include_interim).page(skip, take))

    def getBucketsByDate(
        self,
        job_id: str,
        start_date: Moment | None,
        end_date: Moment | None,
        include_records: bool = False,
        normalized_probability_filter_value: float | None = None,
        anomaly_score_filter_value: float | None = None,
        include_interim: bool = False,
    ) -> Answer:
        """Every bucket in [``start_date``, ``end_date``), as a flat list."""
        scores = (normalized_probability_filter_value, anomaly_score_filter_value)
        return self._list(
            self._ask_buckets(job_id, include_records, *scores, include_interim, moment(start_date), moment(end_date))
        )

    def getAllBuckets(
        self,
        job_id: str,
        include_records: bool = False,
        normalized_probability_filter_value: float | None = None,
        anomaly_score_filter_value: float | None = None,
        include_interim: bool = False,
    ) -> Answer:
        """Every bucket, as a flat list."""
        scores = (normalized_probability_filter_value, anomaly_score_filter_value)
        return self._list(self._ask_buckets(job_id, include_records, *scores, include_interim))

    def getRecords(
        self,
        job_id: str,
        skip: int = 0,
        take: int = 100,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        sort_field: str | None = None,
        sort_descending: bool = True,
        normalized_probability_filter_value: float | None = None,
        anomaly_score_filter_value: float | None = None,
        include_interim: bool = False,
    ) -> Answer:
        """A page of records."""
        request = ask(
            "GET",
            "results",
            job_id,
            "records",
            start=moment(start_date),
            end=moment(end_date),
            includeInterim=include_interim,
            sort=sort_field,
            desc=sort_descending if sort_field else None,
            anomalyScore=anomaly_score_filter_value,
            normalizedProbability=normalized_probability_filter_value,
        )
        return self._document(request.page(skip, take))

    def getInfluencers(
        self,
        job_id: str,
        skip: int = 0,
        take: int = 100,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        sort_field: str | None = None,
        sort_descending: bool = True,
        anomaly_score_filter_value: float | None = None,
        include_interim: bool = False,
    ) -> Answer:
        """A page of influencers."""
        request = ask(
            "GET",
            "results",
            job_id,
            "influencers",
            start=moment(start_date),
            end=moment(end_date),
            sort=sort_field,
            desc=sort_descending if sort_field else None,
            anomalyScore=anomaly_score_filter_value,
            includeInterim=include_interim,
        )
        return self._document(request.page(skip, take))

    def getCategoryDefinitions(self, job_id: str, *, skip: int = 0, take: int = 100) -> Answer:
        """A page of categories."""
        return self._document(ask("GET", "results", job_id, "categorydefinitions", skip=skip, take=take))

    def getCategoryDefinition(self, job_id: str, category_id: int | str) -> Answer:
        """One category, in a single-document envelope."""
        return self._document(ask("GET", "results", job_id, "categorydefinitions", category_id))

    def alerts_longpoll(
        self,
        job_id: str,
        normalized_probability_threshold: float | None = None,
        anomaly_score_threshold: float | None = None,
        timeout: int | None = None,
        *,
        alert_on: str | None = None,
        include_interim: bool | None = None,
    ) -> Answer:
        """Wait for an alert; ``alert_on`` is a comma list of ``bucket``, ``influencer`` and ``bucketinfluencer``."""
        request = ask(
            "GET",
            "alerts_longpoll",
            job_id,
            probability=normalized_probability_threshold,
            score=anomaly_score_threshold,
            timeout=timeout,
            alertOn=alert_on,
            includeInterim=include_interim,
        )
        return self._document(request)

    def getModelSnapshots(
        self,
        job_id: str,
        skip: int = 0,
        take: int = 100,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        sort_field: str | None = None,
        sort_descending: bool = True,
        description: str | None = None,
    ) -> Answer:
        """A page of model snapshots."""
        request = ask(
            "GET",
            "modelsnapshots",
            job_id,
            start=moment(start_date),
            end=moment(end_date),
            sort=sort_field,
            desc=sort_descending if sort_field else None,
            description=description,
        )
        return self._document(request.page(skip, take))

    def revertToSnapshot(
        self,
        job_id: str,
        time: Moment | None = None,
        snapshot_id: str | None = None,
        description: str | None = None,
        delete_intervening_results: bool = False,
    ) -> Answer:
        """Go back to a snapshot, which is returned in a single-document envelope."""
        request = ask(
            "POST",
            "modelsnapshots",
            job_id,
            "revert",
            time=moment(time),
            snapshotId=snapshot_id,
            description=description,
            deleteInterveningResults=delete_intervening_results,
        )
        return self._document(request)

    def updateModelSnapshotDescription(self, job_id: str, snapshot_id: str, description: str) -> Answer:
        """Give a snapshot another description."""
        request = ask("PUT", "modelsnapshots", job_id, snapshot_id, "description")
        return self._document(request.carrying({"description": description}))

    def deleteModelSnapshot(self, job_id: str, snapshot_id: str) -> Answer:
        """Delete a snapshot that is not the active one."""
        return self._document(ask("DELETE", "modelsnapshots", job_id, snapshot_id))

    def startScheduler(self, job_id: str, start_date: Moment = "", end_date: Moment = "") -> Answer:
        """Let a scheduled job pull its data; empty dates mean from where it stopped, and for ever."""
        span = {"start": moment(start_date), "end": moment(end_date)}
        return self._document(ask("POST", "schedulers", job_id, "start", **span))

    def stopScheduler(self, job_id: str) -> Answer:
        """Stop pulling data."""
        return self._document(ask("POST", "schedulers", job_id, "stop"))

    def validateDetector(self, payload: Payload) -> Answer:
        """Check a detector, given as JSON text."""
        return self._document(ask("POST", "validate", "detector").carrying(payload))

    def validateTransform(self, payload: Payload) -> Answer:
        """Check a transform, given as JSON text."""
        return self._document(ask("POST", "validate", "transform").carrying(payload))

    def validateTransforms(self, payload: Payload) -> Answer:
        """Check a list of transforms, given as JSON text."""
        return self._document(ask("POST", "validate", "transforms").carrying(payload))

    def getZippedLogs(self, job_id: str) -> Answer:
        """The logs of a job: the bytes of a zip, or an error document."""
        return self._bytes(ask("GET", "logs", job_id))

    def getJobLog(self, job_id: str, log_file_name: str) -> Answer:
        """One log of a job: its text, or an error document. The name is without ``.log``."""
        return self._text(ask("GET", "logs", job_id, log_file_name))

    def tailLog(self, job_id: str, log_file_name: str | None = None, lines: int = 10) -> Answer:
        """The last lines of a log, or of the newest: text, or an error document."""
        path = (job_id, "tail") if log_file_name is None else (job_id, log_file_name, "tail")
        return self._text(ask("GET", "logs", *path, lines=lines))

    def getElasticsearchServerLogs(self) -> Answer:
        """The logs of the data store: the bytes of a zip."""
        return self._bytes(ask("GET", "logs", "elasticsearch"))

    def getEngineApiServerLogs(self) -> Answer:
        """The logs of the server: the bytes of a zip."""
        return self._bytes(ask("GET", "logs", "engine_api"))

    def downloadSupportBundle(self) -> Answer:
        """Configuration, logs and versions: the bytes of a zip."""
        return self._bytes(ask("GET", "support"))

    def _ask_buckets(
        self,
        job_id: str,
        expand: bool,
        max_normalized_probability: float | None,
        anomaly_score: float | None,
        include_interim: bool,
        start: str | None = None,
        end: str | None = None,
    ) -> Request:
        return ask(
            "GET",
            "results",
            job_id,
            "buckets",
            start=start,
            end=end,
            expand=expand,
            includeInterim=include_interim,
            anomalyScore=anomaly_score,
            maxNormalizedProbability=max_normalized_probability,
        )

    def _document(self, request: Request) -> Answer:
        reply = self._connection.send(request)
        return self._answer(request, reply, reply.document())

    def _text(self, request: Request) -> Answer:
        reply = self._connection.send(request)
        return self._answer(request, reply, reply.text() if reply.ok else reply.document())

    def _bytes(self, request: Request) -> Answer:
        reply = self._connection.send(request)
        return self._answer(request, reply, reply.body if reply.ok else reply.document())

    def _list(self, request: Request) -> Answer:
        documents: list[Any] = []
        for reply in replies(self._connection.send, request, PAGE):
            page = reply.document()
            if not reply.ok:
                return self._answer(request, reply, page)
            documents += page.get("documents", [])
        return reply.status, documents

    def _answer(self, request: Request, reply: Reply, payload: Any) -> Answer:
        if not reply.ok:
            _log.error("%s %s: status %d, %s", request.method, request.target, reply.status, payload)
        return reply.status, payload
