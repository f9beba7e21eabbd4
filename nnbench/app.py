"""The Hydra entry point: compose, check, then run once and track it, or hand a sweep to the sweeper."""

import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from nnbench.errors import UserError

PACKAGE = Path(__file__).parent
# Beside the package in a checkout, inside it in a wheel.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"


def main() -> int:
    """Run the command line in `sys.argv`.

    Returns:
        The exit status: 0 all finished, 1 some run failed, 2 a mistake in the command, 128 + signal when interrupted.
    """
    wants_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, instead of printing and leaving with its own status
    try:
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(task)()
    except Exception as error:
        from nnbench.mistakes import as_user_error

        mistake = as_user_error(error, CONF, sys.argv[1:])
        if mistake is None or wants_traceback:
            raise
        print(f"nnbench: {mistake}", file=sys.stderr)
        return 2
    return 0


def task(cfg: DictConfig) -> None:
    """One run as an ordinary Hydra task, so that any launcher can start it."""
    # Not at the top: `--help` and the tab key's completion need none of it.
    from nnbench.single import run_once
    from nnbench.validation import parse

    alone = HydraConfig.get().mode == RunMode.RUN
    try:
        status = run_once(parse(OmegaConf.to_container(cfg, resolve=True)))  # type: ignore[arg-type]
    except UserError as error:
        if not alone:
            raise
        # Not an exception: Hydra would print the overrides before it passes one on.
        print(f"nnbench: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    if status and not alone:
        raise RuntimeError("the run failed; its traceback is among its artifacts")
    if status:
        raise SystemExit(status)
