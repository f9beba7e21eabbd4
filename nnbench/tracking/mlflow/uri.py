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
    """Parse the URI of a database; the path of an SQLite file is resolved by `sqlite_file`.

    Raises:
        UserError: it is not a tracking URI, is of a kind that MLflow does not support, or names no file.
    """
    try:
        url = make_url(uri)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise UserError(f"tracking.uri={redacted(uri)}: is not a tracking URI; give {ALLOWED}") from error
    if backend not in DATABASES:
        raise UserError(f"tracking.uri={redacted(uri)}: is not a store that MLflow supports; give {ALLOWED}")
    if backend == "sqlite" and (url.host or not url.database or url.database == ":memory:"):
        raise UserError(f"tracking.uri={redacted(uri)}: names no file; give sqlite:/// and a path, with three slashes")
    return url.set(database=str(sqlite_file(uri, url))) if backend == "sqlite" else url


def sqlite_file(uri: str, url: URL) -> Path:
    """Return the absolute path of the file of an SQLite URI.

    In a URI `%20` is a space and `%25` a percent sign. A path may also be given unencoded, with a
    literal `%20` or `?` in it; it is read so if only that reading leads to an existing file or folder.

    Raises:
        UserError: the text after a question mark is not an SQLite option, or the path is not an ordinary file.
    """
    given = uri.partition(":///")[2]
    decoded, literal = Path(str(url.database)).absolute(), Path(given).absolute()
    if literal.exists() and not decoded.exists():
        file = literal
    elif "?" in given and not (url.query and set(url.query) <= SQLITE_OPTIONS):
        options = ", ".join(sorted(SQLITE_OPTIONS))
        raise UserError(f"tracking.uri={uri}: after ? must come one of {options}; a ? in a path is written %3F")
    else:
        file = literal if literal.parent.is_dir() and not decoded.parent.is_dir() else decoded
    try:
        mode = os.stat(file).st_mode
    except OSError:
        return file
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not an ordinary file"
        raise UserError(f"tracking.uri={uri}: cannot be opened: {file} is {kind}")
    return file


def sqlite_uri(file: Path, query: str = "") -> str:
    """Return the URI of an SQLite file, with special characters percent-encoded.

    An encoded URI also names the driver, because for a plain `sqlite:///` path MLflow creates a folder of the encoded name.
    """
    path = re.sub(r"[%?\x00-\x1f\x7f]", lambda found: quote(found[0], safe=""), str(file.absolute()))
    return f"sqlite{'' if path == str(file.absolute()) else '+pysqlite'}:///{path}{'?' if query else ''}{query}"


def named_file(uri: str, url: URL, *, create: bool) -> Path:
    """Return the file of an SQLite URI that `database_url` has parsed.

    Raises:
        UserError: it does not exist, and `create` is false.
    """
    file = Path(str(url.database))
    if not create and not file.exists():
        raise UserError(f"tracking.uri={uri}: no such file; `python -m nnbench` creates one")
    return file
