"""Messages of an interrupted sweep, and jobs that a launcher of another package has lost."""

import os
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins

from nnbench.cli import study_report as reporting
from nnbench.core.signals import checkpoint
from nnbench.report.outputs.files import Report
from nnbench.sweep.study_command import study_command
from nnbench.sweep.sweep import _epochs
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput

SMALL = "-m", "seed=0,1", "training.epochs=11", "dataset.samples=20", "study=s", "report=none"


def test_the_command_after_an_interrupt_finds_the_same_study() -> None:
    words = ["-m", "seed=0,1", "tracking.uri=sqlite:///a b.db", "report.folder=out", "report.pages=[cover]", "tracking=server"]
    command = shlex.split(study_command("report", "x(1)", words))
    assert command[-3:] == ["tracking.uri=sqlite:///a b.db", "report.folder=out", "tracking=server"]
    assert OverridesParser.create().parse_override(command[-4]).value() == "x(1)"
    assert study_command("report", "plain", []).endswith(" -m nnbench report study=plain")


def test_a_list_of_epochs_that_the_store_has_cut_is_no_list() -> None:
    assert _epochs("[1, 2, 3]") == {1, 2, 3}
    assert _epochs("[1, 2, ... 9]") == set()


@pytest.mark.heavy
def test_a_dead_job_of_a_launcher_does_not_fail_the_others(
    home: Path, nnbench: Callable[..., CommandOutput], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Plugins.instantiate_launcher

    def that_dies(plugins: Plugins, **given: Any) -> Any:
        launcher: Any = make(plugins, **given)
        launch = launcher.launch

        def dies_at_the_second(words: list[Any], initial_job_idx: int) -> None:
            launch(words[:1], initial_job_idx)
            raise RuntimeError("out of memory")

        launcher.launch = dies_at_the_second
        return launcher

    monkeypatch.setattr(Plugins, "instantiate_launcher", that_dies)
    said = nnbench(*SMALL, "hydra/launcher=basic")
    assert said.status == 1
    assert "Traceback" not in said.err
    assert "RuntimeError: out of memory" in said.err
    study = read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "s")
    assert study.runs["seed"].tolist() == [0]
    assert study.sweeps["status"].tolist() == ["FAILED"]


@pytest.mark.heavy
def test_a_sweep_that_is_interrupted_while_its_report_is_drawn_is_killed(
    home: Path, nnbench: Callable[..., CommandOutput], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> list[Report]:
        os.kill(os.getpid(), signal.SIGINT)
        checkpoint()
        return []

    monkeypatch.setattr(reporting, "report_on", interrupted)
    said = nnbench(*SMALL)
    assert said.status == 130
    assert "Traceback" not in said.err
    study = read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "s")
    assert study.runs["status"].tolist() == ["FINISHED"] * 2
    assert study.sweeps["status"].tolist() == ["KILLED"]
