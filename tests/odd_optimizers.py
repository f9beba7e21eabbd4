"""Optimizers with a fault at their third step, one for each kind of fault in a user's code."""

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nnbench.optimizers import Optimizer


class Unspeakable(Exception):
    """Exception without a text."""

    def __str__(self) -> str:
        raise SystemExit(4)


class Unpicklable(Exception):
    """Exception that cannot be pickled and needs two arguments."""

    def __init__(self, one: str, two: object) -> None:
        super().__init__(one)
        self.two = two


class Own(BaseException):
    """Exception that is not derived from `Exception`."""


def _raise(error: BaseException) -> None:
    raise error


def _recurse() -> None:
    _recurse()


def _deep(depth: int) -> None:
    if depth:
        _deep(depth - 1)
    else:
        raise ValueError("deep down")


def _warn() -> None:
    warnings.simplefilter("error")
    warnings.warn("now an error", stacklevel=1)


def _fork() -> None:
    """Forks, as a library may do; the child continues like the parent."""
    os.fork()


def _thread() -> None:
    """One that never ends."""
    threading.Thread(target=threading.Event().wait).start()


def _print() -> None:
    print("\x1b[31mred\x1b[0m \udc80 \x00 [/nope]")
    print("to stderr \udcff", file=sys.stderr)
    print("long " * 2000)


FAILING: dict[str, Callable[[], object]] = {
    "error": lambda: _raise(ArithmeticError("no step today")),
    "surrogate": lambda: _raise(ValueError("\udc80 half a pair")),
    "markup": lambda: _raise(ValueError("[/red] \x1b[31m \x00 [bold")),
    "lines": lambda: _raise(ValueError("\n\nfirst\nsecond")),
    "bytes": lambda: _raise(ValueError(b"\xff\x00")),
    "endless": lambda: _raise(ValueError("x" * 10_000_000)),
    "unspeakable": lambda: _raise(Unspeakable()),
    "unpicklable": lambda: _raise(Unpicklable("one", threading.Lock())),
    "own": lambda: _raise(Own("not an Exception")),
    "exit": lambda: sys.exit(0),
    "keyboard": lambda: _raise(KeyboardInterrupt()),
    "generator": lambda: _raise(GeneratorExit()),
    "stop": lambda: next(iter(())),
    "group": lambda: _raise(BaseExceptionGroup("several", [Own("\udc80"), ValueError("two")])),
    "recursion": _recurse,
    "deep": lambda: _deep(300),
    "memory": lambda: np.zeros(10**15),
    "warning": _warn,
    "leaves": lambda: os._exit(0),
    "dies": lambda: os.kill(os.getpid(), signal.SIGKILL),
}
GOING_ON: dict[str, Callable[[], object]] = {
    "fork": _fork,
    "thread": _thread,
    "print": _print,
    "closes": lambda: (sys.stdout.close(), sys.stderr.close()),
    "moves": lambda: os.chdir("/"),
    "errors": lambda: np.seterr(all="raise"),
    "slow": lambda: time.sleep(0.2),
}


@dataclass(kw_only=True)
class Odd(Optimizer):
    """Correct except for the fault named by `does`."""

    does: str = "error"

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        if iteration == 2:
            {**FAILING, **GOING_ON}[self.does]()
        parameters -= 0.1 * gradients


@dataclass(kw_only=True)
class OddState(Optimizer):
    """Right, with a state that is not a vector like the parameters."""

    kind: Literal["huge", "strided", "fortran", "half", "list"] = "huge"

    def allocate(self, parameters: Any) -> None:
        n = parameters.size
        kinds: dict[str, Callable[[], Any]] = {
            "huge": lambda: np.zeros((300, n)),
            "strided": lambda: np.zeros(2 * n)[::2],
            "fortran": lambda: np.zeros((n, 2), order="F"),
            "half": lambda: np.zeros(n, np.float16),
            "list": lambda: [0.0] * n,
        }
        self.state = kinds[self.kind]()

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= 0.1 * gradients
