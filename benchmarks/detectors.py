"""Who is measured on the evaluation kit: this is the place to add an option, or a peer."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Detector:
    """A function `scores(timestamps, values)` and how it is called.

    name : how the page calls it
    spec : MODULE:FUNCTION, or PATH.py:FUNCTION from the root of the project
    options : keywords of the function
    about : what it is, in a few words
    limits : files of a set that it can be asked for in reasonable time, null: series a generator; 0 is not at all
    guest : runs in the environment of benchmarks/requirements.txt, not in the project's
    package : the distribution that it is an adapter of, if it is one
    """

    name: str
    spec: str
    options: Mapping[str, float] = field(default_factory=dict)
    about: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    guest: bool = False
    package: str | None = None


DEFAULT = Detector("tailmass", "benchmarks.quality:scores", about="as it comes")

# One line an option of `benchmarks/quality.py`.
OPTIONS: tuple[Detector, ...] = (
    Detector("tailmass, sensitivity 3", DEFAULT.spec, {"sensitivity": 3}, "less weight on repeats; 5 is usual"),
    Detector("tailmass, sensitivity 8", DEFAULT.spec, {"sensitivity": 8}, "more weight on repeats"),
    Detector("tailmass, score", DEFAULT.spec, {"score": 1}, "the record's score of 0 to 100 instead of its evidence"),
    Detector("tailmass, shape", DEFAULT.spec, {"shape": 1}, "watches for odd forms, too"),
)

REFERENCE = Detector(
    "reference", "../shared/design/reference/detector.py:scores", about="a prototype of the recipe", guest=True
)
REFERENCES = (
    REFERENCE,
    Detector("reference, γ = 0", REFERENCE.spec, {"gamma": 0}, "the same without the weight of records", guest=True),
    Detector("sliding-window z", "../shared/eval/baselines.py:sliding_z", about="288 rows"),
)

# What is left out would take hours, or makes no sense: no day to learn in data whose times are made up.
PEERS = (
    Detector(
        "SPOT with drift",
        "benchmarks.peers.spot:scores",
        about="extreme value theory on what is left of a moving average, 50 rows",
        guest=True,
        package="libspot",
    ),
    Detector(
        "half-space trees",
        "benchmarks.peers.half_space_trees:scores",
        about="10 trees, windows of 250 shingles of 4 rows",
        limits={"null": 50},
        guest=True,
        package="river",
    ),
    Detector(
        "isolation forest",
        "benchmarks.peers.isolation_forest:scores",
        about="100 trees, refitted every 2,048 rows to the last 2,048 shingles of 4 rows",
        limits={"smd": 2, "null": 20},
        guest=True,
        package="pyod",
    ),
    Detector(
        "left matrix profile",
        "benchmarks.peers.matrix_profile:scores",
        about="windows of 50 rows against those of the last 8,192 to 16,384",
        limits={"null": 50},
        guest=True,
        package="stumpy",
    ),
    Detector(
        "random cut forest",
        "benchmarks.peers.random_cut_forest:scores",
        about="40 trees of 256 shingles of 4 rows",
        limits={"nab": 16, "kpi": 0, "wsd": 0, "smd": 0, "asd": 0, "smap": 0, "ucr": 0, "null": 0},
        guest=True,
        package="rrcf",
    ),
    Detector(
        "MSTL forecast",
        "benchmarks.peers.seasonal_forecast:scores",
        about="day by day from the last week, against intervals of 99 %",
        limits={"kpi": 0, "wsd": 0, "smd": 0, "asd": 0, "smap": 0, "ucr": 0, "null": 0},
        guest=True,
        package="statsforecast",
    ),
)
