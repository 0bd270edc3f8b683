"""Compile the kernels before anyone waits for them."""

from tailmass.engine.pipeline import Pipeline
from tailmass.engine.upload import Intake
from tailmass.jobs import Job


def warm() -> None:
    """Run a small job of every kind through the pipeline; a few seconds the first time, nothing from then on."""
    job = Job.parse(
        {
            "analysisConfig": {
                "bucketSpan": 60,
                "detectors": [
                    {"function": "metric", "fieldName": "value", "byFieldName": "name", "partitionFieldName": "place"},
                    {"function": "count"},
                ],
            },
            "dataDescription": {"fieldDelimiter": ",", "timeFormat": "yyyy-MM-dd HH:mm:ss"},
        }
    )
    rows = "".join(f"1970-01-01 00:{minute:02}:00,a,b,{minute % 3}\n" for minute in range(30))
    intake = Intake(Pipeline(job), job.data_description, lambda batch: None)
    intake.feed(b"time,name,place,value\n" + rows.encode())
    intake.finish()
