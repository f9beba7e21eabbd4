"""Removal of the folders that Hydra creates for a command that is then refused."""

from contextlib import suppress
from pathlib import Path

_missing: list[Path] = []


def remember_missing(folder: Path) -> None:
    """Remember the missing folders of a path, innermost first, before Hydra creates them."""
    _missing[:] = [path for path in (folder, *folder.parents) if not path.exists()]


def remove_created() -> None:
    """Remove the remembered folders that contain no file except Hydra's."""
    for path in _missing:
        with suppress(OSError):
            (path / "multirun.yaml").unlink(missing_ok=True)
            path.rmdir()
    _missing.clear()
