"""Validation: parts of a configuration, checked before there is a job."""

from tailmass.client.connection import Connection
from tailmass.client.request import Payload, ask


class Validate:
    """The server's opinion of parts of a configuration; what is wrong is raised."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    def detector(self, detector: Payload) -> None:
        """Check one detector by itself."""
        self._send(ask("POST", "validate", "detector").carrying(detector)).result()

    def transform(self, transform: Payload) -> None:
        """Check one transform."""
        self._send(ask("POST", "validate", "transform").carrying(transform)).result()

    def transforms(self, transforms: Payload) -> None:
        """Check a list of transforms, also against each other."""
        self._send(ask("POST", "validate", "transforms").carrying(transforms)).result()
