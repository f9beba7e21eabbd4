"""A sweep from Python: runs `python -m nnbench -m ...` in a separate process and reads its study.

A separate process has its own `sys.argv`, signal handlers, logging and global state of Hydra, which a notebook or a thread
cannot provide. Its workers import `nnbench`, not the caller's `__main__`, so that a script needs no `if __name__` guard.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from nnbench.api.study import Study, read
from nnbench.cli.study_location import VARIABLE
from nnbench.core.errors import UserError

_PROGRAM = "nnbench: "  # prefix of an error message
# Set by Jupyter in its kernels; with them rich would write a live bar and colours into the pipe.
_TERMINAL = ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
_KEPT = 40  # lines of output kept for an error's text


def run(*arguments: str, quiet: bool = False) -> Study:
    """Run a sweep, as `python -m nnbench -m ARGUMENTS` does, and return its study.

    The sweep runs in a separate process with worker processes, started in the working folder. It tracks every run, writes the
    report, and skips what the study has finished before. A run that fails or diverges raises nothing: see the column
    ``outcome`` of `Study.runs`.

    Parameters
    ----------
    *arguments : str
        Arguments of the command line, ``KEY=VALUE`` or options such as ``--config-dir``; ``-m`` is implied. They need no
        quotes for a shell.
    quiet : bool, default: False
        Do not write the command's output to `sys.stderr`.

    Returns
    -------
    Study
        The study, with the runs that it had before.

    Raises
    ------
    UserError
        An argument is wrong, or the store cannot be used; the text is the line that the command prints.
    RuntimeError
        The command ended with a signal or an error of nnbench.
    KeyboardInterrupt
        Ctrl-C, or a notebook's stop button. Finished runs are kept; the same call continues.

    Examples
    --------
    >>> import nnbench
    >>> study = nnbench.run("optimizer=sgd,adam", "seed=range(2)", "training.epochs=31", quiet=True)
    >>> len(study.runs)
    4
    """
    given = [argument for argument in arguments if argument not in ("-m", "--multirun")]
    with tempfile.TemporaryDirectory(prefix="nnbench-") as folder:
        file = Path(folder) / "outcome.json"
        status, output = _command(["-m", *given], file, quiet=quiet)
        outcome = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    last = next((line for line in reversed(output) if line.strip()), "")
    if status in (1, 2) and last.startswith(_PROGRAM):
        raise UserError(last.removeprefix(_PROGRAM))
    if status not in (0, 1) or (status == 1 and outcome is None):
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        raise RuntimeError(f"nnbench ended with {how}:\n" + "\n".join(output))
    if outcome is None:
        raise UserError(f"{' '.join(given)}: does not run a study; give it to python -m nnbench")
    return read(outcome["study"], outcome["store"], outcome["artifacts"], outcome["folder"])


def _command(arguments: Sequence[str], outcome: Path, *, quiet: bool) -> tuple[int, list[str]]:
    """Run `python -m nnbench ARGUMENTS`; return its exit status and the last lines of its output."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # the same modules can be imported there
    kept = {key: value for key, value in os.environ.items() if key not in _TERMINAL}
    environment = {**kept, VARIABLE: str(outcome), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    output: deque[str] = deque(maxlen=_KEPT)
    process = subprocess.Popen(
        [sys.executable, "-m", "nnbench", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    with process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                output.append(line.rstrip("\n"))
                if not quiet:
                    sys.stderr.write(line)
        except BaseException:  # such as Ctrl-C: the command keeps finished runs and ends its workers
            process.send_signal(signal.SIGINT)
            process.communicate()
            raise
    return process.returncode, list(output)
