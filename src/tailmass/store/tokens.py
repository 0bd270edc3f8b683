"""API tokens: who may do what. Only their digests are kept."""

import hashlib
import secrets
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tailmass.store.schema import tokens

SCOPES = ("read", "write", "admin")
"""What a token may be for; each of them includes those before it."""

_PREFIX = "tm_"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: enough to recognise it, and too little to use it."""

    name: str
    scope: str
    digest: str
    create_time_ms: int


def issue(name: str, scope: str, time_ms: int) -> tuple[str, Token]:
    """A new token: the secret, which is nowhere afterwards, and what is kept of it."""
    if not name or not name.isprintable():
        raise ValueError(f"a token cannot be called {name!r}: give it a name that can be read")
    if scope not in SCOPES:
        raise ValueError(f"a token cannot be for {scope!r}: its scope is one of {', '.join(SCOPES)}")
    secret = _PREFIX + secrets.token_urlsafe(_BYTES)
    return secret, Token(name, scope, digest(secret), time_ms)


def digest(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits, which nobody can guess: there is nothing to slow down."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def add(connection: Connection, token: Token) -> None:
    """Keep a token; its name must not be taken."""
    try:
        connection.execute(insert(tokens).values(asdict(token)))
    except IntegrityError as error:
        raise ValueError(f"a token called {token.name!r} exists already: choose another name, or revoke it") from error


def every(connection: Connection) -> list[Token]:
    """All tokens, oldest first."""
    columns = [tokens.c[field.name] for field in fields(Token)]
    return [
        Token(*row) for row in connection.execute(select(*columns).order_by(tokens.c.create_time_ms, tokens.c.name))
    ]


def remove(connection: Connection, name: str) -> None:
    """Forget a token, which opens nothing from then on."""
    if name.isprintable() and connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
        return
    raise ValueError(f"there is no token called {name!r}: `tailmass token list` shows those there are")
