"""Removal of the folders that Hydra's own sweeper makes for a command that is then refused."""

from contextlib import suppress
from pathlib import Path

_made: list[Path] = []


def expect(folder: Path) -> None:
    """Note what is missing of a path, innermost first, before Hydra makes it."""
    _made[:] = [path for path in (folder, *folder.parents) if not path.exists()]


def clear() -> None:
    """Remove what Hydra has made there and nobody has put anything into."""
    for path in _made:
        with suppress(OSError):
            (path / "multirun.yaml").unlink(missing_ok=True)
            path.rmdir()
    _made.clear()
