"""Compile the kernels before anyone waits for them."""

import json

from tailmass.engine.pipeline import Pipeline
from tailmass.engine.upload import Intake
from tailmass.jobs import DataDescription, Job

PATTERN = "yyyy-MM-dd HH:mm:ss"


def warm() -> None:
    """Send a few rows of every kind through a pipeline: some seconds the first time, next to nothing afterwards."""
    job = Job.parse(
        {
            "analysisConfig": {
                "bucketSpan": 60,
                "detectors": [
                    {"function": "metric", "fieldName": "value", "byFieldName": "name", "partitionFieldName": "place"},
                    {"function": "count", "shape": True},
                    *({"function": name, "fieldName": "value"} for name in ("median", "varp", "info_content")),
                    {"function": "count", "byFieldName": "prelertcategory"},
                    {"function": "count", "byFieldName": "place", "overFieldName": "name", "excludeFrequent": "all"},
                    {"function": "rare", "byFieldName": "name", "partitionFieldName": "place"},
                    {"function": "freq_rare", "byFieldName": "name", "overFieldName": "place"},
                    {"function": "time_of_day", "byFieldName": "name"},
                    {"function": "lat_long", "fieldName": "name"},
                ],
                "categorizationFieldName": "name",
                "influencers": ["place", "name"],
            },
        }
    )
    times = [f"1970-01-01 00:{minute:02}:00" for minute in range(30)]
    rows = [{"time": time, "name": "a", "place": "b", "value": place % 3} for place, time in enumerate(times)]
    plain = [",".join(map(str, row.values())) for row in rows]
    by_commas = DataDescription(field_delimiter=",")
    _send(job, DataDescription(field_delimiter=",", time_format=PATTERN), "time,name,place,value", *plain)
    _send(job, by_commas, '"time",name,place,value', "60,a,b,1")
    _send(job, DataDescription(format="JSON", time_format=PATTERN), *map(json.dumps, rows))
    apart = job.analysis_config.model_copy(update={"use_per_partition_normalization": True})
    _send(
        job.model_copy(update={"analysis_config": apart}), by_commas, "time,name,place,value", "60,a,b,1", "300,a,b,1"
    )
    made = Job.parse(
        {
            "analysisConfig": {
                "detectors": [{"function": "count", "byFieldName": "hrd"}],
                "influencers": ["latLong"],
                "multivariateByFields": True,
            },
            "dataDescription": {"format": "SINGLE_LINE"},
            "transforms": [
                {"transform": "split", "inputs": ["raw"], "arguments": [","], "outputs": ["time", "host", "place"]},
                {"transform": "domain_split", "inputs": ["host"]},
                {"transform": "geo_unhash", "inputs": ["place"]},
            ],
        }
    )
    _send(made, made.data_description, "60,www.example.com,s", "60,é.com,s")


def _send(job: Job, description: DataDescription, *lines: str) -> None:
    intake = Intake(Pipeline(job), description, lambda batch: None)
    intake.feed("\n".join(lines).encode())
    intake.finish()
