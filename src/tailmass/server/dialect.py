"""What older versions of the API called otherwise."""

import json
from collections.abc import Mapping
from typing import Any

OLD = ("v1", "v0.3")
_TRANSFORMS = {"domain_lookup": "domain_split"}


def current(configuration: bytes, version: str) -> bytes | Mapping[str, Any]:
    """The configuration of a job, with the names of today where a client of an old version used those of its own."""
    if version not in OLD:
        return configuration
    try:
        told = json.loads(configuration)
    except ValueError:
        return configuration  # what is wrong with it is for the job to say
    transforms = told.get("transforms") if isinstance(told, dict) else None
    if not isinstance(transforms, list):
        return configuration
    return {**told, "transforms": [_renamed(each) for each in transforms]}


def _renamed(transform: Any) -> Any:
    name = transform.get("transform") if isinstance(transform, dict) else None
    return {**transform, "transform": _TRANSFORMS[name]} if isinstance(name, str) and name in _TRANSFORMS else transform
