"""Sweeps over settings of several keys, `zip`."""

from collections.abc import Iterator
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra

from nnbench.config.axis_syntax import rewritten
from nnbench.config.folder import CONF
from nnbench.core.errors import UserError
from nnbench.sweep.grid import expand


@pytest.fixture(scope="module")
def loader() -> Iterator[ConfigLoader]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def jobs(*words: str) -> list[tuple[Any, ...]]:
    loader = GlobalHydra.instance().config_loader()
    given = [rewritten(word) for word in words]
    master = compose("config", [word for word in given if word.startswith("++zip")], return_hydra_config=True)
    return [
        (config.optimizer.name, config.optimizer.values["learning_rate"], config.seed)
        for config in (job.config for job in expand(loader, master, given))
    ]


def test_settings_are_crossed_with_the_other_axes(loader: ConfigLoader) -> None:
    assert jobs("zip(optimizer,optimizer.learning_rate)=(sgd,0.5),(adam,0.01)", "seed=0,1") == [
        ("sgd", 0.5, 0),
        ("sgd", 0.5, 1),
        ("adam", 0.01, 0),
        ("adam", 0.01, 1),
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["zip(seed,optimizer.decay)=(1,0)", "seed=0,1"], "seed: is given twice, alone and in zip"),
        (["zip(study,seed)=(a,1)"], "zip: study: must be one at a time"),
        (["++zip=[{seed:1},{optimizer.decay:0}]"], "zip: optimizer.decay: must have the keys of the first setting, seed"),
        (["++zip=3"], "zip=3: must be a list of settings"),
        (["zip(seed,optimizer.decay)=(1,-1)"], "optimizer.decay=-1: must be a number >= 0"),
    ],
)
def test_mistakes_are_reported_in_one_line(loader: ConfigLoader, words: list[str], says: str) -> None:
    with pytest.raises(UserError) as caught:
        jobs(*words)
    assert says in str(caught.value)
