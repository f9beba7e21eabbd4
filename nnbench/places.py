"""Where files are written: below a folder that the user chose, whatever a name says, and with the permissions of the umask."""

import os
import re
import secrets
from pathlib import Path

from nnbench.errors import UserError

NAME = r"\w[\w .,()-]*"  # of a study or an optimizer: also the name of a folder
NAME_IN_WORDS = "letters, digits, spaces and . , _ - ( ), the first a letter or digit"
LONGEST = 255  # bytes that a file system allows in a name


def below(folder: Path, *names: str) -> Path:
    """The path `folder`/`names`, where each name is a plain one and no link leads elsewhere.

    Raises:
        UserError: a name is none that a folder may have, or is a link: what is written would land outside `folder`.
    """
    path = folder
    for name in names:
        if not re.fullmatch(NAME, name):
            raise UserError(f"{name!r}: cannot name a folder in {folder}; must be {NAME_IN_WORDS}")
        if len(os.fsencode(name)) > LONGEST:
            raise UserError(f"{name!r}: cannot name a folder in {folder}; must be of at most {LONGEST} bytes")
        path = _no_link(path / name)
    return path


def _no_link(path: Path) -> Path:
    if path.is_symlink():
        raise UserError(f"{path}: is a link to {os.readlink(path)}, and links are not followed; move it away")
    return path


def replace_file(path: Path, content: bytes) -> Path:
    """Write a file as a whole or not at all, so that a reader never meets half of one; a link at `path` is replaced.

    Raises:
        UserError: the file's folder is a link.
    """
    _no_link(path.parent).mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path
