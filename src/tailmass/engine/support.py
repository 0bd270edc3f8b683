"""What a job asks for that cannot be analysed, and the fields that the others read."""

from tailmass.errors import AnalysisStartError
from tailmass.intake.fields import Fields
from tailmass.jobs import Job
from tailmass.jobs.detector import CATEGORY
from tailmass.jobs.transforms import ordered


def check(job: Job) -> None:
    """Raise AnalysisStartError for the first thing a job asks for that is accepted and kept, but cannot be analysed."""
    analysis = job.analysis_config
    if CATEGORY in analysis.term_fields and analysis.categorization_field_name is None:
        raise AnalysisStartError(
            f"{_name(job)} uses the field {CATEGORY!r} and has no messages to make it of: set 'categorizationFieldName'"
        )
    for name in analysis.missing_lists:  # of a job that was made before lists were checked
        raise AnalysisStartError(f"{_name(job)} has a rule with the 'valueList' {name!r}, which it does not have")


def _name(job: Job) -> str:
    return f"Job {job.id!r}" if job.id else "The analysis"


def sent_fields(job: Job) -> tuple[str, ...]:
    """The fields that the analysis wants of the data, sorted; the category is not among them, it is made here."""
    return tuple(name for name in job.analysis_config.analysis_fields if name != CATEGORY)


def fields(job: Job) -> Fields:
    """The fields that the analysis of a job reads, and as what."""
    analysis = job.analysis_config
    watched = [(each.definition, each.field_name) for each in analysis.detectors if each.field_name]
    written = {
        *analysis.term_fields,
        analysis.categorization_field_name,
        *(name for function, name in watched if function.texts),
    }
    read = {analysis.summary_count_field_name, *(name for function, name in watched if not function.texts)}
    numbers = tuple(sorted(name for name in read if name))
    texts = tuple(name for name in sent_fields(job) if name not in numbers or name in written)
    return Fields(job.data_description.time_field, texts, numbers, ordered(job.transforms or ()))
