"""`tailmass server`: the REST API, until it is stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailmass.cli.complaint import DATA, USAGE, complain, complaining

if TYPE_CHECKING:
    from tailmass.server.settings import Settings


def server(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on; 0.0.0.0 opens it to the network.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = None,
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="Directory of everything that is kept.")] = None,
    store: Annotated[
        str | None, typer.Option(metavar="URL", help="SQLAlchemy URL of a database to use instead of a file in HOME.")
    ] = None,
    auth: Annotated[
        bool | None, typer.Option("--auth/--no-auth", help="Ask every request for a token; see tailmass token.")
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(metavar="FORM", help="How to log to stderr: console for people, json for programs.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate, PEM: serve HTTPS with it.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key, PEM, if that is another file.")] = None,
) -> None:
    """Serve the Engine REST API; Ctrl-C stops it and keeps every job.

    What is not given here is taken from TAILMASS_HOST, TAILMASS_PORT, TAILMASS_HOME and TAILMASS_STORE__URL, and else
    is 127.0.0.1, 8080, the user's data directory and a SQLite file in it.

    \b
    Example:
      tailmass server --port 9000 --home /var/lib/tailmass
      curl http://127.0.0.1:9000/engine/v2/jobs
    """
    tls = {name: path for name, path in (("cert", tls_cert), ("key", tls_key)) if path is not None}
    given = {"host": host, "port": port, "home": home, "store": store and {"url": store}, "auth": auth}
    run(given | {"tls": tls or None, "log_format": log_format}, _announce)


def run(given: dict[str, Any], announce: Callable[[str], None]) -> None:
    """Serve until told to stop; `announce` is told the URL once there is one."""
    with complaining(USAGE):
        settings = given_settings(given)
    with complaining(USAGE):
        from tailmass.server.tls import certificate

        certificate(settings.tls)
    with complaining(DATA):
        from tailmass.store import Store

        # The server would say this too, but in its log and with a traceback.
        Store.open(settings.store.url, settings.home).close()

    from tailmass.server.run import serve

    try:
        serve(settings, ready=announce)
    except OSError as error:
        reason = error.strerror or error
        complain(f"cannot listen on {settings.host}:{settings.port} ({reason}): give another --port or --host", USAGE)


def given_settings(given: dict[str, Any]) -> "Settings":
    """The settings with what is given (None: not), or what is wrong with the first one that cannot be."""
    from pydantic import ValidationError

    from tailmass.server.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as invalid:
        first = invalid.errors()[0]
        path = [str(part) for part in first["loc"]]
        variable = "TAILMASS_" + "__".join(path).upper()
        raise ValueError(
            f"--{path[0].replace('_', '-')} or {variable} cannot be {first['input']!r}: {first['msg']}"
        ) from None


def _announce(url: str) -> None:
    typer.echo(f"Serving {url}/engine/v2 – what can be asked: {url}/docs – Ctrl-C stops", err=True)
