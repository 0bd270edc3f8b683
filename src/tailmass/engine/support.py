"""What this version can analyse of all that a job can ask for."""

from tailmass.analysis.analyses import missing
from tailmass.errors import AnalysisStartError
from tailmass.intake.fields import Fields
from tailmass.jobs import Detector, Job
from tailmass.jobs.detector import CATEGORY
from tailmass.jobs.transforms import ordered


def check(job: Job) -> None:
    """Raise AnalysisStartError for the first thing a job asks for that is accepted and kept, but not analysed yet."""
    analysis = job.analysis_config
    asked = {
        "categorizationFieldName": analysis.categorization_field_name is not None,
        "overlappingBuckets": bool(analysis.overlapping_buckets),
        "multivariateByFields": bool(analysis.multivariate_by_fields),
        "usePerPartitionNormalization": bool(analysis.use_per_partition_normalization),
    }
    for what, wanted in asked.items():
        if wanted:
            raise AnalysisStartError(f"{_name(job)} uses '{what}', which this version does not analyse: remove it")
    for detector in analysis.detectors:
        _check_detector(job, detector)


def _check_detector(job: Job, detector: Detector) -> None:
    lacking = missing(detector)
    asked = {
        lacking: lacking is not None,
        "'detectorRules'": bool(detector.detector_rules),
        f"the field {CATEGORY!r}": CATEGORY in detector.split_fields,
    }
    for what, wanted in asked.items():
        if wanted:
            raise AnalysisStartError(
                f"{_name(job)} has the detector '{detector.label()}' with {what}, which this version does not analyse: "
                "remove the detector"
            )


def _name(job: Job) -> str:
    return f"Job {job.id!r}" if job.id else "The analysis"


def fields(job: Job) -> Fields:
    """The fields that the analysis of a job reads, and as what."""
    analysis = job.analysis_config
    watched = [(each.definition, each.field_name) for each in analysis.detectors if each.field_name]
    written = {*analysis.term_fields, *(name for function, name in watched if function.texts)}
    read = {analysis.summary_count_field_name, *(name for function, name in watched if not function.texts)}
    numbers = tuple(sorted(name for name in read if name))
    texts = tuple(name for name in analysis.analysis_fields if name not in numbers or name in written)
    return Fields(job.data_description.time_field, texts, numbers, ordered(job.transforms or ()))
