"""Entry of every command: prepares the environment, prints errors as one line, and returns the exit status."""

import errno
import os
import signal
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from nnbench.core import invocation
from nnbench.core.console import one_line
from nnbench.core.errors import RESOURCE_ERRORS, UserError
from nnbench.core.redaction import redacted
from nnbench.core.signals import Interrupted, interruptible
from nnbench.core.standard_streams import fault_tolerant_streams, flush_at_exit

# Warnings of these libraries are for developers; with PYTHONWARNINGS=error they would end a command.
LIBRARIES = r"(mlflow|sqlalchemy|alembic|hydra|omegaconf|matplotlib|scipy|pandas)\b"


def run(program: str, command: Callable[[list[str]], int], arguments: Sequence[str] | None = None) -> int:
    """Call `command` with its arguments and return its exit status.

    Args:
        program: prefix of each error message.
        command: returns the exit status; raises `UserError` for a user's mistake.
        arguments: of the command; None for those in `sys.argv`.

    Returns:
        The exit status: that of `command`; 2 for a user's mistake, 1 if runs had started; 128 + the signal when interrupted.
        Instead of 0, it is 1 if the standard output could not be written, or 128 + SIGPIPE if its reader has closed it.
    """
    wants_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    with fault_tolerant_streams(partial(_print_lost_output, program)) as out:
        try:
            _prepare()
            with interruptible():
                status = command(list(sys.argv[1:] if arguments is None else arguments))
        except UserError as error:
            if wants_traceback:
                raise
            print_error(program, redacted(str(error)))
            status = error.status
        except OSError as error:
            if error.errno not in RESOURCE_ERRORS:
                raise
            print_error(
                program,
                f"{error.filename or 'the system'}: {error.strerror}: {RESOURCE_ERRORS[error.errno]}, then repeat the command",
            )
            status = 1
        except Interrupted as interrupted:  # no run was open
            print_error(program, f"interrupted ({interrupted})")
            status = interrupted.status
        except KeyboardInterrupt:  # before the handlers were set
            status = 128 + signal.SIGINT
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    flush_at_exit()
    if status == 0 and out.error is not None:
        return 128 + signal.SIGPIPE if out.error.errno == errno.EPIPE else 1
    return status


def print_error(program: str, message: str) -> None:
    """Print an error message of one line to the standard error."""
    print(f"{program}: {one_line(message)}", file=sys.stderr)


def _print_lost_output(program: str, error: OSError) -> None:
    print_error(program, f"standard output cannot be written: {error.strerror}")


def _prepare() -> None:
    """Remember the command line, and set up the environment for the libraries.

    Raises:
        UserError: the working folder does not exist, or an environment variable has a value that a library does not accept.
    """
    invocation.record_command()
    # A command called from a notebook inherits Jupyter's backend, which may not be installed in this environment.
    os.environ["MPLBACKEND"] = "agg"
    warnings.filterwarnings("ignore", module=LIBRARIES)
    try:
        os.getcwd()
    except FileNotFoundError:
        raise UserError("the working folder has been deleted: change to one that exists") from None
    date = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not date.isdecimal():
        raise UserError(f"SOURCE_DATE_EPOCH={date}: must be a whole number of seconds, or not be set")
    try:
        Path.home()
    except RuntimeError:  # a container's user may have neither HOME nor a name, which MLflow needs
        os.environ["HOME"] = _substitute_home()


def _substitute_home() -> str:
    """Return a private folder for caches, the same one at each call if possible."""
    folder = Path(tempfile.gettempdir()) / f"nnbench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
        return str(folder)
    return tempfile.mkdtemp(prefix="nnbench-")  # the name belongs to another user
