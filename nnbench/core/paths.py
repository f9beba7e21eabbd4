"""Where files are written: below a folder that the user chose, whatever a name says, and with the permissions of the umask."""

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
    """The path `folder`/`names`, where each name is a plain one and no link leads elsewhere.

    Raises:
        UserError: a name is none that a folder may have, or is a link: what is written would land outside `folder`.
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
    """Return `path`, of which nothing need exist.

    Raises:
        UserError: it is a link.
    """
    if path.is_symlink():
        raise UserError(f"{path}: is a link to {os.readlink(path)}, and links are not followed; move it away")
    return path


def replace_file(path: Path, content: bytes) -> Path:
    """Write a file as a whole or not at all, so that a reader never meets half of one; a link at `path` is replaced.

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
    """Within, a file below `folder`, the value of `report.folder`, that cannot be written is a mistake of the user.

    Raises:
        UserError: names the folder, the file and the reason; not for a full disk and the like, see `LIMITS`.
    """
    try:
        yield
    except OSError as error:
        path = error.filename2 or error.filename  # of a renamed file, the new name
        if error.errno in RESOURCE_ERRORS or not isinstance(path, str) or not is_within(path, folder):
            raise
        raise UserError(f"report.folder={folder}: cannot be written: {path}: {error.strerror}") from error


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or below it, going by their names."""
    absolute = Path(os.path.abspath(path))
    return absolute.is_relative_to(os.path.abspath(folder))
