"""The methods of version 2.0 with their parameters and defaults, as scripts have been calling them since."""

import ast
import inspect
import re

import pytest

from prelert.engineApiClient import EngineApiClient

TABLE = """
__init__(host, base_url, port=8080)
getJob(job_id)
getJobs(skip=0, take=100)
createJob(payload)
updateJob(job_id, payload)
pauseJob(job_id)
resumeJob(job_id)
delete(job_id)
upload(job_id, data, gzipped=False, store=False)
stream(job_id, data, gzipped=False)
close(job_id)
flush(job_id, calc_interim=False, start_date=None, end_date=None, advance_time=None)
preview(job_id, data, gzipped=False)
getBucket(job_id, bucket_timestamp, include_records=False, include_interim=False)
getBuckets(job_id, skip=0, take=100, include_records=False, normalized_probability_filter_value=None,
    anomaly_score_filter_value=None, include_interim=False)
getBucketsByDate(job_id, start_date, end_date, include_records=False, normalized_probability_filter_value=None,
    anomaly_score_filter_value=None, include_interim=False)
getAllBuckets(job_id, include_records=False, normalized_probability_filter_value=None,
    anomaly_score_filter_value=None, include_interim=False)
getRecords(job_id, skip=0, take=100, start_date=None, end_date=None, sort_field=None, sort_descending=True,
    normalized_probability_filter_value=None, anomaly_score_filter_value=None, include_interim=False)
getInfluencers(job_id, skip=0, take=100, start_date=None, end_date=None, sort_field=None, sort_descending=True,
    anomaly_score_filter_value=None, include_interim=False)
getCategoryDefinitions(job_id)
getCategoryDefinition(job_id, category_id)
alerts_longpoll(job_id, normalized_probability_threshold=None, anomaly_score_threshold=None, timeout=None)
getModelSnapshots(job_id, skip=0, take=100, start_date=None, end_date=None, sort_field=None, sort_descending=True,
    description=None)
revertToSnapshot(job_id, time=None, snapshot_id=None, description=None, delete_intervening_results=False)
updateModelSnapshotDescription(job_id, snapshot_id, description)
deleteModelSnapshot(job_id, snapshot_id)
startScheduler(job_id, start_date='', end_date='')
stopScheduler(job_id)
validateDetector(payload)
validateTransform(payload)
validateTransforms(payload)
getZippedLogs(job_id)
getJobLog(job_id, log_file_name)
getElasticsearchServerLogs()
getEngineApiServerLogs()
"""
METHODS = {
    method.name: method.args
    for method in ast.parse(re.sub(r"\)$", "): ...", re.sub(r"^(?=\w)", "def ", TABLE, flags=re.M), flags=re.M)).body
    if isinstance(method, ast.FunctionDef)
}
ADDED = {"tailLog", "downloadSupportBundle"}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_what_it_took_in_2016(name: str) -> None:
    actual = list(inspect.signature(getattr(EngineApiClient, name)).parameters.values())[1:]
    positional = [parameter for parameter in actual if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    defaults = [parameter.default for parameter in positional if parameter.default is not parameter.empty]
    assert [parameter.name for parameter in positional] == [argument.arg for argument in METHODS[name].args]
    assert defaults == [ast.literal_eval(default) for default in METHODS[name].defaults]


@pytest.mark.parametrize("name", METHODS)
def test_what_a_method_takes_since_is_optional_and_named(name: str) -> None:
    actual = list(inspect.signature(getattr(EngineApiClient, name)).parameters.values())[1:]
    for parameter in actual[len(METHODS[name].args) :]:
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is not parameter.empty


def test_there_is_no_other_method() -> None:
    public = {name for name in vars(EngineApiClient) if not name.startswith("_")}
    assert public == METHODS.keys() - {"__init__"} | ADDED
