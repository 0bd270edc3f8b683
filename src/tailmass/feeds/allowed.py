"""Where schedulers may get data from: which files, and which hosts."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from tailmass.errors import SchedulerInvalidOption


def allowed_file(path: str, folders: Iterable[Path] | None) -> Path:
    """The file that is really meant, if it is in one of the folders; None are all there are.

    Whatever leads elsewhere on the way, `..` or a link, has been followed in what is returned. That is what to open:
    the path as it was given may lead elsewhere by then.
    """
    try:
        real = Path(path).resolve()
        if folders is None or any(real.is_relative_to(folder.resolve()) for folder in folders):
            return real
    except (OSError, RuntimeError, ValueError) as error:
        raise SchedulerInvalidOption(f"filePath is {path!r}, which is no path", cause=str(error)) from error
    raise SchedulerInvalidOption(
        f"filePath is {path!r}, which is outside of the folders that schedulers may read: put the file into one of "
        "them, or add its folder to TAILMASS_SCHEDULER__FOLDERS"
    )


def allowed_url(url: str, hosts: Iterable[str] | None) -> str:
    """The URL, if its host is one of these; None are all there are. Every redirect is a URL to be asked about again.

    A host is meant exactly, with its port if it has one; `.example.com` means all hosts within that domain.

    >>> allowed_url("http://es-1.example.com:9200/", [".example.com"])
    'http://es-1.example.com:9200/'
    """
    parts = _parts(url)
    if hosts is None or any(_matches(host.strip().lower(), parts) for host in hosts):
        return url
    raise SchedulerInvalidOption(
        f"baseUrl is {url!r}, whose host is none that schedulers may ask: use one of them, or add it to "
        "TAILMASS_SCHEDULER__HOSTS"
    )


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    # What one reader of URLs takes for the host, another takes for something else where these are in it.
    if not known or not url.isprintable() or not url.isascii() or any(each in url for each in " \\"):
        raise SchedulerInvalidOption(f"baseUrl is {url!r}: it has to look like http://host:9200/")
    if parts.username is not None or parts.password is not None:
        raise SchedulerInvalidOption("baseUrl has a user or a password in it: give them as username and password")
    return parts


def _matches(host: str, parts: SplitResult) -> bool:
    name = (parts.hostname or "").removesuffix(".")
    if host.startswith("."):
        return name.endswith(host)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    shown = f"[{name}]" if ":" in name else name
    return host in (name, shown, f"{shown}:{port}")
