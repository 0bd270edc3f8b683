"""The client: one object that holds the nouns of a server."""

from collections.abc import Mapping

from tailmass.client.address import Address
from tailmass.client.alerts import Alerts
from tailmass.client.connection import Connection
from tailmass.client.data import Data
from tailmass.client.jobs import Jobs
from tailmass.client.logs import Logs
from tailmass.client.results import Results
from tailmass.client.schedulers import Schedulers
from tailmass.client.snapshots import Snapshots
from tailmass.client.validate import Validate


class Client:
    """A server of the Engine API, reached by a URL or a host.

    ::

        client = Client("http://localhost:8080")
        client.jobs.create(config)
        with open("farequote.csv", "rb") as rows:
            client.data.upload("farequote", rows)
        client.data.close("farequote")
        for bucket in client.results.buckets("farequote", anomaly_score=75):
            ...

    Documents come back as the server wrote them. What a server refuses is raised as the class of `tailmass.errors`
    that has its code; what keeps a request from arriving is an OSError. Every call uses a connection of its own, so
    a client may be shared between threads. ``timeout`` is how many seconds of silence are borne (None: any),
    ``headers`` go with every request, and ``token`` opens a server that asks for one (None: what TAILMASS_TOKEN in the
    environment says).
    """

    def __init__(
        self,
        address: str = "localhost",
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> None:
        self.address = Address.parse(address)
        connection = Connection(self.address, timeout=timeout, headers=headers, token=token)
        self.jobs = Jobs(connection)
        self.data = Data(connection)
        self.results = Results(connection)
        self.alerts = Alerts(connection)
        self.snapshots = Snapshots(connection)
        self.schedulers = Schedulers(connection)
        self.validate = Validate(connection)
        self.logs = Logs(connection)
