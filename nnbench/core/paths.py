"""Safe writing of files: only below the folder that the user chose, and atomically."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnbench.core.errors import RESOURCE_ERRORS, UserError

NAME_PATTERN = r"\w[\w .,()-]*"  # of a study or an optimizer: also the name of a folder
NAME_RULE = "letters, digits, spaces and . , _ - ( ), the first a letter or digit"
MAX_NAME_BYTES = 255  # bytes that a file system allows in a name


def safe_subpath(folder: Path, *names: str) -> Path:
    """Return the path `folder`/`names`, after checking that each name is valid and no part is a link.

    Raises:
        UserError: a name is invalid, or is a link, through which files would be written outside `folder`.
    """
    path = folder
    for name in names:
        if not re.fullmatch(NAME_PATTERN, name):
            raise UserError(f"{name!r}: cannot name a folder in {folder}; must be {NAME_RULE}")
        if len(os.fsencode(name)) > MAX_NAME_BYTES:
            raise UserError(f"{name!r}: cannot name a folder in {folder}; must be of at most {MAX_NAME_BYTES} bytes")
        path = require_no_link(path / name)
    return path


def require_no_link(path: Path) -> Path:
    """Return `path`, which need not exist.

    Raises:
        UserError: it is a link.
    """
    if path.is_symlink():
        raise UserError(f"{path}: is a link to {os.readlink(path)}, and links are not followed; move it away")
    return path


def replace_file(path: Path, content: bytes) -> Path:
    """Write a file atomically; a link at `path` is replaced, not followed.

    Raises:
        UserError: the file's folder is a link.
    """
    require_no_link(path.parent).mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


@contextmanager
def report_folder_errors(folder: str) -> Iterator[None]:
    """Convert an OSError on a file below `folder`, the value of `report.folder`, into a UserError.

    Raises:
        UserError: names the folder, the file and the reason. A full disk and other `RESOURCE_ERRORS` stay OSErrors.
    """
    try:
        yield
    except OSError as error:
        path = error.filename2 or error.filename  # of a renamed file, the new name
        if error.errno in RESOURCE_ERRORS or not isinstance(path, str) or not is_within(path, folder):
            raise
        raise UserError(f"report.folder={folder}: cannot be written: {path}: {error.strerror}") from error


def is_within(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or below it; links are not resolved."""
    absolute = Path(os.path.abspath(path))
    return absolute.is_relative_to(os.path.abspath(folder))
