"""`tailmass token`: who may use a server that asks for tokens."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailmass.cli.complaint import DATA, USAGE, complaining
from tailmass.cli.server import given_settings

if TYPE_CHECKING:
    from tailmass.store import Store

token = typer.Typer(help="Say who may use a server that asks for tokens.", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option(metavar="DIR", help="Directory of the server.")]
StoreUrl = Annotated[str | None, typer.Option("--store", metavar="URL", help="Database of the server, if it has one.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What the token is called, such as who it is for.")]


class Scope(StrEnum):
    """What a token may be for; each of them includes those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@token.command()
def create(
    name: Name,
    scope: Annotated[
        Scope,
        typer.Option(help="read looks, write also sends data and creates jobs, admin also deletes."),
    ] = Scope.READ,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Make a token and print it, this once; a server started with --auth asks for it.

    \b
    Example:
      tailmass token create shipper --scope write
      TAILMASS_TOKEN=tm_... python send.py
      curl -H "Authorization: Bearer tm_..." http://127.0.0.1:8080/engine/v2/jobs
    """
    with _opened(home, store) as opened:
        from tailmass.store import issue

        secret, kept = issue(name, scope, int(time.time() * 1000))
        opened.add_token(kept)
    typer.echo(secret)
    typer.echo("Keep it: it cannot be shown again, only revoked.", err=True)


@token.command("list")
def show(home: Home = None, store: StoreUrl = None) -> None:
    """List the tokens there are, without what opens the server.

    \b
    Example:
      tailmass token list
    """
    with _opened(home, store) as opened:
        tokens = opened.tokens()
    width = max((len(each.name) for each in tokens), default=0)
    for each in tokens:
        created = datetime.fromtimestamp(each.create_time_ms // 1000, UTC).isoformat()
        typer.echo(f"{each.name:{width}}  {each.scope:5}  {created}")


@token.command()
def revoke(name: Name, home: Home = None, store: StoreUrl = None) -> None:
    """Make a token worthless, at once.

    \b
    Example:
      tailmass token revoke shipper
    """
    with _opened(home, store) as opened:
        opened.remove_token(name)


@contextmanager
def _opened(home: Path | None, url: str | None) -> "Iterator[Store]":
    """The store of the server that these options and the environment mean."""
    with complaining(USAGE):
        settings = given_settings({"home": home, "store": url and {"url": url}})
    with complaining(DATA):
        from tailmass.store import Store

        opened = Store.open(settings.store.url, settings.home)
    with closing(opened), complaining(USAGE):
        yield opened
