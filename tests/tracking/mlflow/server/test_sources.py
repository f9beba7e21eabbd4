"""The source of users' optimizers on a server: stored, read, and queued if the server is unavailable."""

from pathlib import Path

import pytest

from nnbench.records.study import Study
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.tracking.mlflow.server.conftest import Member, Team, wait_until

pytestmark = pytest.mark.heavy

LION = """from dataclasses import dataclass
import numpy as np
from nnbench.optimizers import Optimizer

@dataclass(kw_only=True)
class Lion(Optimizer):
    learning_rate: float = 0.01

    def update(self, parameters, gradients, iteration):
        parameters -= self.learning_rate * np.sign(gradients)
"""
OWN = "-m", "optimizer=custom", "training.epochs=1000", "dataset.samples=100", "report=none"


def _study(team: Team, name: str, folder: Path) -> Study:
    return read_study(open_store(team.uri, None, spool=folder), name)


def test_both_versions_of_an_edited_optimizer(team: Team, member: Member, tmp_path: Path) -> None:
    words = *OWN, "optimizer.algorithm=mine:Lion", "seed=0,1", "study=edited"
    texts = [LION, LION.replace("-= self", "-= 0.1 * self")]
    for text in texts:
        (member.folder / "mine.py").write_text(text)
        ended = member.run(*words)
        assert ended.returncode == 0, ended.stderr
    assert "mine:Lion has changed: 2 runs to repeat" in ended.stderr
    study = _study(team, "edited", tmp_path / "reader")
    runs = study.earlier["run_id"][0], study.runs["run_id"][0]
    assert [study.source(run)["optimizer/mine.py"] for run in runs] == texts
    for run in runs:
        assert {name.partition("/")[0] for name in study.source(run)} == {"optimizer", "dataset", "nnbench"}
    assert len(list(team.artifacts.glob("*/*/artifacts/sources/*/mine.py"))) == 2, "one a sweep, none a run"
    team.whole("edited")


def test_a_server_lost_before_the_first_run_of_another_optimizer(team: Team, member: Member, tmp_path: Path) -> None:
    for name in ("mine", "other"):
        (member.folder / f"{name}.py").write_text(f"# {name}\n{LION}")
    words = *OWN, "optimizer.algorithm=mine:Lion,other:Lion", "seed=range(10)", "study=before", "tracking.patience=2"
    sweep = member.start(*words)
    wait_until(lambda: team.states("before")["FINISHED"] >= 1)
    team.kill()
    said = sweep.communicate(timeout=100)[1]
    assert sweep.returncode == 1, said
    waiting = len(member.spooled())
    assert (
        said.strip()
        .splitlines()[-1]
        .startswith(f"nnbench: tracking.uri={team.uri}: the server does not answer: {waiting} runs are queued in ")
    )
    assert waiting >= 15, "training went on"
    team.start()
    again = member.run(*words)
    assert again.returncode == 0, again.stderr
    assert "20 reused from before, 0 to do" in again.stderr
    study = _study(team, "before", tmp_path / "reader")
    for run_id, algorithm in study.runs[["run_id", "optimizer.algorithm"]].to_numpy():
        module = algorithm.partition(":")[0]
        assert study.source(run_id)[f"optimizer/{module}.py"] == f"# {module}\n{LION}"
    team.whole("before")
