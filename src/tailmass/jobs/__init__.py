"""The nouns a user writes: jobs, detectors, the description of the data, transforms, limits, schedulers."""

from tailmass.jobs.analysis import AnalysisConfig
from tailmass.jobs.conditions import Condition
from tailmass.jobs.data import DataDescription
from tailmass.jobs.debug import ModelDebugConfig
from tailmass.jobs.detector import Detector
from tailmass.jobs.functions import FUNCTIONS, Function, function
from tailmass.jobs.job import Job
from tailmass.jobs.limits import AnalysisLimits
from tailmass.jobs.rules import DetectorRule, RuleCondition
from tailmass.jobs.scheduler import SchedulerConfig
from tailmass.jobs.transforms import Transform
from tailmass.jobs.update import JobUpdate

__all__ = [
    "FUNCTIONS",
    "AnalysisConfig",
    "AnalysisLimits",
    "Condition",
    "DataDescription",
    "Detector",
    "DetectorRule",
    "Function",
    "Job",
    "JobUpdate",
    "ModelDebugConfig",
    "RuleCondition",
    "SchedulerConfig",
    "Transform",
    "function",
]
