"""The command line as the user typed it, recorded before `sys.argv` is rewritten."""

import os
import shlex
import sys
from pathlib import Path

from nnbench.core.redaction import redacted

VARIABLE = "NNBENCH_COMMAND"  # of the environment, which the jobs of any launcher inherit
MAX_LENGTH = 8000  # characters: the limit of an MLflow tag


def record_command() -> None:
    """Store this process's command in the environment."""
    os.environ[VARIABLE] = _quoted()[:MAX_LENGTH]


def command() -> str:
    """Return the command without passwords, quoted for a shell: `python -m nnbench -m optimizer=sgd 'seed=range(9)'`."""
    return os.environ.get(VARIABLE) or _quoted()


def _quoted() -> str:
    return shlex.join([*_program(), *map(redacted, sys.argv[1:])])


def _program() -> list[str]:
    """Return the arguments that start the program, without the interpreter's folder, which differs between machines."""
    called = Path(sys.argv[0])
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.origin is not None and Path(spec.origin) == called:
        return ["python", "-m", spec.name.removesuffix(".__main__")]
    return ["python", sys.argv[0]] if called.suffix == ".py" else [called.name]
