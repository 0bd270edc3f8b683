"""What older versions of the API called otherwise, where a client asks for a job."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tailmass.errors import MissingJob, UnknownJobReference
from tailmass.server.wire import OLD

_TRANSFORMS = {"domain_lookup": "domain_split"}
_NO_EFFECT = {
    "analysisConfig": frozenset({"byFieldValueThresholds"}),
    "analysisLimits": frozenset({"maxFieldValues", "maxTimeBuckets"}),
}
"""What clients of old versions send and nothing came of in the end."""

Document = dict[str, Any]


def current(configuration: bytes, version: str, settings: Callable[[str], Document]) -> bytes | Document:
    """The configuration of a job in the words of today, where a client of an old version used those of its own.

    Parameters
    ----------
    configuration : what the client sent
    version : the version it speaks
    settings : those of a job, whose `referenceJobId` stands for all that is not said; raises MissingJob
    """
    if version not in OLD:
        return configuration
    told = _parsed(configuration)
    if not isinstance(told, dict):
        return configuration
    told = {name: _without(value, _NO_EFFECT.get(name, frozenset())) for name, value in told.items()}
    transforms = told.get("transforms")
    if isinstance(transforms, list):
        told["transforms"] = [_renamed(each) for each in transforms]
    reference = told.pop("referenceJobId", None)
    return told if reference is None else _referred(reference, settings) | told


def _referred(reference: Any, settings: Callable[[str], Document]) -> Document:
    try:
        known = settings(str(reference))
    except MissingJob as error:
        raise UnknownJobReference(f"'referenceJobId' is {reference!r}, and there is no such job") from error
    return {name: value for name, value in known.items() if name not in ("id", "description")}


def _without(value: Any, names: frozenset[str]) -> Any:
    return {name: each for name, each in value.items() if name not in names} if isinstance(value, Mapping) else value


def transforms_of_today(told: bytes, version: str) -> bytes | str:
    """A transform or an array of them, with the names of today as above."""
    if version not in OLD:
        return told
    match _parsed(told):
        case list() as several:
            return json.dumps([_renamed(each) for each in several])
        case dict() as one:
            return json.dumps(_renamed(one))
    return told


def _parsed(told: bytes) -> Any:
    try:
        return json.loads(told)
    except (ValueError, RecursionError):
        return None  # what is wrong with it is for the nouns to say


def _renamed(transform: Any) -> Any:
    name = transform.get("transform") if isinstance(transform, dict) else None
    return {**transform, "transform": _TRANSFORMS[name]} if isinstance(name, str) and name in _TRANSFORMS else transform
