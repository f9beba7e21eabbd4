"""Removal of the folders that Hydra makes for a command that is then refused."""

from contextlib import suppress
from pathlib import Path

_made: list[Path] = []


def expect(folder: Path) -> None:
    """Remember the missing folders of a path, innermost first, before Hydra makes them."""
    _made[:] = [path for path in (folder, *folder.parents) if not path.exists()]


def clear() -> None:
    """Remove the remembered folders that are empty but for Hydra's own file."""
    for path in _made:
        with suppress(OSError):
            (path / "multirun.yaml").unlink(missing_ok=True)
            path.rmdir()
    _made.clear()
