"""Removal of the folders that Hydra makes for a command that is then refused."""

from contextlib import suppress
from pathlib import Path

_missing: list[Path] = []


def remember_missing(folder: Path) -> None:
    """Remember the missing folders of a path, innermost first, before Hydra makes them."""
    _missing[:] = [path for path in (folder, *folder.parents) if not path.exists()]


def remove_created() -> None:
    """Remove the remembered folders that are empty but for Hydra's own file."""
    for path in _missing:
        with suppress(OSError):
            (path / "multirun.yaml").unlink(missing_ok=True)
            path.rmdir()
    _missing.clear()
