"""How many alerts a week are welcome, and the score that means it."""

import numpy as np

from tailmass.jobs import Job
from tailmass.scoring.rate import score


def alert_threshold(job: Job) -> float | None:
    """The score from which on a bucket of the job is an alert, 0 to 100; None where the job has no budget.

    A bucket's score is the rate at which the job as a whole meets such a bucket, so the threshold of a budget is simply
    the score of that rate.

    >>> config = {"alertBudget": 1, "detectors": [{"function": "count"}]}
    >>> alert_threshold(Job.parse({"analysisConfig": config}))
    50.0
    """
    budget = job.analysis_config.alert_budget
    return None if budget is None else float(score(np.array(budget)))
