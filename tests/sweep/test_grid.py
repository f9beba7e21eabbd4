"""The arguments after -m: jobs, their order, and refusals."""

from collections.abc import Iterator

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from nnbench.config.folder import CONF
from nnbench.core.errors import UserError
from nnbench.sweep.grid import expand
from nnbench.sweep.job import Job
from nnbench.sweep.sweep import distinct


@pytest.fixture
def loader() -> Iterator[ConfigLoader]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def _master(*fixed: str) -> DictConfig:
    return compose("config", list(fixed), return_hydra_config=True)


def _jobs(loader: ConfigLoader, *words: str) -> list[Job]:
    fixed = [word for word in words if word.startswith(("sweep=", "experiment=")) and "," not in word]
    return expand(loader, _master(*fixed), words)


def _names(jobs: list[Job]) -> list[str]:
    return [job.config.run_name for job in jobs]


def test_the_first_axis_varies_slowest(loader: ConfigLoader) -> None:
    assert _names(_jobs(loader, "optimizer=sgd,adam", "seed=range(2)")) == [
        "sgd lr=1 seed=0",
        "sgd lr=1 seed=1",
        "adam lr=0.05 seed=0",
        "adam lr=0.05 seed=1",
    ]


def test_values_are_set_as_by_hydra(loader: ConfigLoader) -> None:
    jobs = _jobs(loader, "optimizer.learning_rate=0.1,1e-3", "network.hidden=[8],[8,8]", "training.dtype=float64")
    assert [job.config.optimizer.values["learning_rate"] for job in jobs] == [0.1, 0.1, 1e-3, 1e-3]
    assert [job.config.network.hidden for job in jobs] == [[8], [8, 8]] * 2
    for job in jobs:  # the words of a job compose to the same config: other launchers compose them again
        again = compose("config", list(job.overrides))
        assert again.optimizer.learning_rate == job.config.optimizer.values["learning_rate"]
        assert list(again.network.hidden) == job.config.network.hidden


def test_each_optimizer_its_own_grid(loader: ConfigLoader) -> None:
    jobs = _jobs(loader, "sweep=optimizers")
    momenta = {job.config.optimizer.values.get("momentum") for job in jobs if job.config.optimizer.name == "sgd"}
    assert momenta == {0.0, 0.9}
    assert {job.config.optimizer.name for job in jobs} == {"sgd", "adagrad", "rmsprop", "adam"}


def test_the_command_line_overrides_a_grids_axis(loader: ConfigLoader) -> None:
    jobs = _jobs(loader, "sweep=optimizers", "optimizer=sgd", "optimizer.learning_rate=0.7")
    assert {job.config.optimizer.values["learning_rate"] for job in jobs} == {0.7}
    assert len(jobs) == 2  # momentum is still an axis


def test_a_grid_on_the_command_line(loader: ConfigLoader) -> None:
    jobs = _jobs(loader, "optimizer=sgd,adam", "grids.optimizer.sgd.momentum=0,0.9")
    assert [job.config.optimizer.values.get("momentum") for job in jobs] == [0.0, 0.9, None]


def test_equal_jobs_run_once(loader: ConfigLoader) -> None:
    jobs = _jobs(loader, "seed=0,1,0", "optimizer.learning_rate=0.1,0.10")
    assert [job.number for job in distinct(jobs)] == [0, 2]


@pytest.mark.parametrize(("words", "seeds"), [(["seed=range(3)", "seed=5"], [5]), (["seed=5", "seed=range(3)"], [0, 1, 2])])
def test_the_last_of_two_values_of_a_key_counts(loader: ConfigLoader, words: list[str], seeds: list[int]) -> None:
    assert [job.config.seed for job in _jobs(loader, *words)] == seeds


def test_the_command_line_overrides_an_experiments_axes(loader: ConfigLoader) -> None:
    assert len(_jobs(loader, "experiment=notebook")) == 5
    assert _names(_jobs(loader, "experiment=notebook", "optimizer=adam")) == ["adam lr=0.05 seed=0"]


def test_an_interpolation_follows_the_swept_value(loader: ConfigLoader) -> None:
    jobs = _jobs(loader, "dataset.val_samples=${dataset.samples}", "dataset.samples=10,20")
    assert [job.config.dataset.values["val_samples"] for job in jobs] == [10, 20]


@pytest.mark.parametrize("axis", ["sgd,adam", ["sgd", "adam"]])
def test_a_list_among_the_axes_of_an_experiment_is_an_axis(loader: ConfigLoader, axis: object) -> None:
    master = _master()
    master.hydra.sweeper.params = {"optimizer": axis, "network.hidden": [[8], [8, 4]]}
    assert [job.config.network.hidden for job in expand(loader, master, [])] == [[8], [8, 4]] * 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["optimizer=sgd,adam", "optimizer.momentum=0,0.9"],
            "optimizer.momentum: no such key with optimizer=adam; .*grids.optimizer.sgd.momentum=0,0.9; none of the 4 jobs",
        ),
        (["optimizer.learning_rate=0.1,-1"], r"optimizer.learning_rate=-1: must be a number > 0 .*; none of the 2 jobs"),
        (["experiment=notebook,smoke"], "experiment=notebook,smoke: must be one at a time"),
        (["optimizer.learning_rate=interval(0,1)"], "must be a list of values"),
        (["grids.optimizer.sdg.momentum=0"], r"grids.optimizer.sdg.momentum: no such option; optimizer has adagrad"),
        (["grids.optimizer=0"], "must be grids.GROUP.OPTION.KEY"),
        (["grids.optimizer.adam.momentum=0,1"], "optimizer.momentum: no such key"),
        (["experiment=notebook", "optimizer=custom"], "cannot|unknown|must"),
    ],
)
def test_an_invalid_sweep_is_refused_as_a_whole(loader: ConfigLoader, words: list[str], line: str) -> None:
    with pytest.raises(UserError, match=line):
        _jobs(loader, *words)


def test_all_jobs_are_checked(loader: ConfigLoader) -> None:
    with pytest.raises(UserError, match="seed=-1"):
        _jobs(loader, "seed=range(-1,999)")


@pytest.mark.heavy
def test_a_glob_lists_the_options_of_a_folder(loader: ConfigLoader) -> None:
    def problems(glob: str) -> list[str | None]:
        return [job.config.problem for job in _jobs(loader, f"problem={glob}")]

    held_out = problems("glob(held_out/*)")
    assert len(held_out) == len(list((CONF / "problem" / "held_out").glob("*.yaml")))
    assert all(name is not None and name.startswith("held_out/") for name in held_out)
    assert problems("glob(held_out/d*,exclude=held_out/digits*)") == ["held_out/deep_linear", "held_out/diabetes"]
    assert problems("glob([moon*,held_out/moon*])") == ["moons", "held_out/moons"]
    assert not any("/" in str(name) for name in problems("glob(m*)"))
