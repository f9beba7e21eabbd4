"""Runs that the seed does not decide are refused before anything starts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench import datasets, optimizers, schedules
from nnbench.config.schema import Config
from nnbench.sweep import repeatability
from tests.conftest import CommandOutput

Make = Callable[..., Config]
REFUSED = {
    "NumpysRandom": "np.random",
    "PythonsRandom": "it draws from random",
    "Fresh": "",
    "Clock": "",
    "HashOrder": "",
    "InTheClass": "InTheClass.state keeps its value for the next run",
    "FirstRunDecides": "FirstRunDecides.scale keeps its value for the next run",
    "InTheModule": "",
    "InADefault": "",
}
RIGHT = ("OwnRandom", "Exits", "CopiesItsRate")  # the last one only with a constant learning rate


def test_only_classes_of_nnbench_are_not_checked() -> None:
    for section, package in {"optimizer": optimizers, "schedule": schedules, "dataset": datasets}.items():
        assert {*package.known()} >= repeatability.SHIPPED[section]


@pytest.mark.heavy
def test_equal_runs_that_differ_are_detected(config: Make) -> None:
    """All in one sweep: an exit of one costs the others nothing."""
    own = [config("optimizer=custom", f"optimizer.algorithm=tests.unrepeatable:{name}") for name in (*RIGHT, *REFUSED)]
    data = [
        config(
            "dataset=spiral",
            "dataset.name=tests.unrepeatable:RandomData",
            "~dataset.classes",
            "~dataset.noise",
            f"+dataset.good={good}",
        )
        for good in ("true", "false")
    ]
    found = repeatability.unrepeatable([*own, *data[1:]])
    assert set(found) == {f"tests.unrepeatable:{name}" for name in (*REFUSED, "RandomData")}
    for name, cause in REFUSED.items():
        reason = found[f"tests.unrepeatable:{name}"]
        assert reason.startswith(f"optimizer.algorithm=tests.unrepeatable:{name}: two runs of equal seeds differ from step ")
        assert cause in reason
    assert "np.random" in found["tests.unrepeatable:RandomData"]
    assert repeatability.unrepeatable(data[:1]) == {}


def test_a_schedule_that_draws_random_numbers_is_detected(config: Make) -> None:
    random, pure = (config(f"schedule.name=tests.unrepeatable:{name}") for name in ("RandomSchedule", "PureSchedule"))
    assert repeatability.unrepeatable([pure]) == {}
    (reason,) = repeatability.unrepeatable([pure, random]).values()
    assert reason.startswith("schedule.name=tests.unrepeatable:RandomSchedule: two runs of equal seeds differ from step 1 on")
    assert "np.random" in reason


@pytest.mark.heavy
@pytest.mark.parametrize("many", ["", "-m"])
def test_nothing_is_started(home: Path, nnbench: Callable[..., CommandOutput], many: str) -> None:
    words = "optimizer=custom", "optimizer.algorithm=tests.unrepeatable:NumpysRandom", "training.epochs=5", "study=s"
    said = nnbench(*filter(None, [many]), *words)
    assert said.status == 2
    assert said.err.splitlines()[-1].startswith("nnbench: optimizer.algorithm=tests.unrepeatable:NumpysRandom: ")
    assert not (home / "results" / "artifacts").exists()


def test_draws_of_an_optimizer_do_not_change_other_streams(config: Make) -> None:
    """An additional stream does not change the others; each seed has another one."""
    from nnbench.training.execute import execute

    def losses(*words: str) -> list[float]:
        own = "optimizer=custom", "optimizer.algorithm=tests.unrepeatable:OwnRandom", "training.epochs=4"
        return list(map(float, execute(config(*own, *words)).history.train_loss))

    assert losses("seed=1") == losses("seed=1")
    assert losses("seed=1", "dataset.redraw=false")[1:] != losses("seed=2", "dataset.redraw=false")[1:]


def test_an_optimizer_that_ignores_its_schedule_is_refused(config: Make) -> None:
    copies, reads = (f"optimizer.algorithm=tests.unrepeatable:{name}" for name in ("CopiesItsRate", "ReadsItsRate"))
    scheduled = [config("optimizer=custom", one, "schedule=cosine") for one in (copies, reads)]
    assert repeatability.unrepeatable(scheduled) == {
        "tests.unrepeatable:CopiesItsRate": f"{copies}: schedule=cosine does not change its steps; "
        "read self.learning_rate in update, not in allocate; or set schedule=constant"
    }
