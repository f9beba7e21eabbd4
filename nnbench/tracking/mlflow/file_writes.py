"""Writing of files into a folder that may be deleted meanwhile."""

import time
from collections.abc import Callable
from pathlib import Path

TRIES = 20  # of writing files into a folder that is deleted meanwhile
PAUSE = 0.1  # seconds between them: a folder of thousands of files is deleted in about a second


def write_files(folder: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a folder, which is created; again if the folder is deleted meanwhile.

    Raises:
        OSError: of `write`, for another reason or at the last of `TRIES` tries.
    """
    for left in reversed(range(TRIES)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write(folder)
        except (FileNotFoundError, FileExistsError) as error:
            if not left or not _was_deleted(error, folder):
                raise
            time.sleep(PAUSE)
        else:
            return


def _was_deleted(error: OSError, folder: Path) -> bool:
    """Whether an error says that `folder`, one above it or one within it does not exist."""
    path = Path(error.filename or "")
    if isinstance(error, FileExistsError) and path.exists():  # else it was deleted between the two steps of `mkdir`
        return False
    return path.is_relative_to(folder) or folder.is_relative_to(path)
