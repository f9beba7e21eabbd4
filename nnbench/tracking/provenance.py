"""Provenance of a run: commit, library versions, machine and user."""

import functools
import getpass
import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

ALL_BUT_RESULTS = ("--", ".", ":(exclude)results")
UNKNOWN = "unknown"


@functools.cache
def provenance() -> dict[str, str]:
    """Commit, versions and machine by the last part of their tags' names; cached per process."""
    return {
        **_checkout(Path(__file__).parents[2]),
        "version": _version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(),
        "cpu": f"{_cpu()}, {os.cpu_count()} CPUs, {platform.system()}",
    }


@functools.cache
def user() -> str:
    """The user name of this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user may have no name
        return UNKNOWN


def _checkout(root: Path) -> dict[str, str]:
    """Return the commit at `root` and whether files other than results differ from it; empty without a checkout or git.

    `.git` is required in `root` itself: a wheel may be installed in an environment within another project's checkout.
    """
    if not (root / ".git").exists():
        return {}
    command = ["git", "--no-optional-locks", "-C", str(root), "status", "--porcelain=v2", "--branch", *ALL_BUT_RESULTS]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=surroundings, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return {}
    head, *rest = done.stdout.splitlines()  # "# branch.oid COMMIT", then other headers and a line a changed file
    if head.endswith("(initial)"):
        return {}
    return {"commit": head.split()[-1], "dirty": json.dumps(any(not line.startswith("#") for line in rest))}


def _version() -> str:
    try:
        return importlib.metadata.version("nnbench")
    except importlib.metadata.PackageNotFoundError:  # run from the sources, not installed
        return UNKNOWN


def _blas() -> str:
    """Return the BLAS library of NumPy, its version and the kernels chosen for this processor."""
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    if not found:
        return UNKNOWN
    own = min(found, key=lambda library: "numpy" not in library["filepath"])  # SciPy may have loaded another
    return " ".join(str(own[part]) for part in ("internal_api", "version", "architecture") if own.get(part))


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
