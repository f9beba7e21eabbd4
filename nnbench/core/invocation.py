"""The command line as it was typed, kept before anything rewrites `sys.argv`."""

import os
import shlex
import sys
from pathlib import Path

from nnbench.core.redaction import redacted

VARIABLE = "NNBENCH_COMMAND"  # in the environment, so that the jobs of any launcher, on any machine, know it too
MAX_LENGTH = 8000  # characters; tracking keeps no more, and an environment is limited


def record_command() -> None:
    """Keep the words of this process's command."""
    os.environ[VARIABLE] = _quoted()[:MAX_LENGTH]


def command() -> str:
    """The command, quoted for a shell: `python -m nnbench -m optimizer=sgd,adam 'seed=range(10)'`."""
    return os.environ.get(VARIABLE) or _quoted()


def _quoted() -> str:
    return shlex.join([*_program(), *map(redacted, sys.argv[1:])])


def _program() -> list[str]:
    """How the program was called; without the interpreter's folder, which is of this machine alone."""
    called = Path(sys.argv[0])
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.origin is not None and Path(spec.origin) == called:
        return ["python", "-m", spec.name.removesuffix(".__main__")]
    return ["python", sys.argv[0]] if called.suffix == ".py" else [called.name]
