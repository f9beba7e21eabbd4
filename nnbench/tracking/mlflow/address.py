"""Tracking URIs: which ones are allowed, and how the path of an SQLite file is written in one and read back."""

import os
import re
import stat
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from nnbench.core.errors import UserError
from nnbench.core.redaction import redacted

SERVERS, DATABASES = ("http", "https"), ("sqlite", "postgresql", "mysql", "mssql")
ALLOWED = "sqlite:///FILE.db, postgresql://USER@HOST/NAME or http(s)://HOST:PORT"
SQLITE_OPTIONS = {"timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"}


def database_url(uri: str) -> URL:
    """The parsed URI of a database; an SQLite file's path in it is as `sqlite_file` tells.

    Raises:
        UserError: it is none, of a kind that MLflow does not know, or names no file that could hold a store.
    """
    try:
        url = make_url(uri)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise UserError(f"tracking.uri={redacted(uri)}: is no tracking URI; give {ALLOWED}") from error
    if backend not in DATABASES:
        raise UserError(f"tracking.uri={redacted(uri)}: MLflow knows no such store; give {ALLOWED}")
    if backend == "sqlite" and (url.host or not url.database or url.database == ":memory:"):
        raise UserError(f"tracking.uri={redacted(uri)}: names no file; give sqlite:/// and its path, three slashes")
    return url.set(database=str(sqlite_file(uri, url))) if backend == "sqlite" else url


def sqlite_file(uri: str, url: URL) -> Path:
    """The absolute path of the file that an SQLite URI names.

    In a URI `%20` is a space and `%25` a percent sign. People also paste a path as it is, from a folder whose name holds
    `%20` or `?`: where only that reading leads to an existing file or folder, it is taken.

    Raises:
        UserError: what follows a question mark is no option of SQLite's; what is there is no ordinary file.
    """
    given = uri.partition(":///")[2]
    decoded, literal = Path(str(url.database)).absolute(), Path(given).absolute()
    if literal.exists() and not decoded.exists():
        file = literal
    elif "?" in given and not (url.query and set(url.query) <= SQLITE_OPTIONS):
        options = ", ".join(sorted(SQLITE_OPTIONS))
        raise UserError(f"tracking.uri={uri}: after ? comes one of {options}; a ? within a path is written %3F")
    else:
        file = literal if literal.parent.is_dir() and not decoded.parent.is_dir() else decoded
    try:
        mode = os.stat(file).st_mode
    except OSError:
        return file
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
        raise UserError(f"tracking.uri={uri}: cannot be opened: {file} is {kind}")
    return file


def sqlite_uri(file: Path, query: str = "") -> str:
    """The URI of an SQLite file, with what would mean something else in a URI percent-encoded.

    Such a URI names its driver, too: MLflow makes the folder of a plain `sqlite:///` path as it is written there, encoded.
    """
    path = re.sub(r"[%?\x00-\x1f\x7f]", lambda found: quote(found[0], safe=""), str(file.absolute()))
    return f"sqlite{'' if path == str(file.absolute()) else '+pysqlite'}:///{path}{'?' if query else ''}{query}"


def named_file(uri: str, url: URL, *, create: bool) -> Path:
    """The file of an SQLite URI that `database_url` has parsed.

    Raises:
        UserError: it is not there, and `create` does not allow to make it.
    """
    file = Path(str(url.database))
    if not create and not file.exists():
        raise UserError(f"tracking.uri={uri}: there is no such file yet; `python -m nnbench` makes one")
    return file
