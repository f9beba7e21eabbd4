"""Options that are named by a class, as `optimizer=torch.AdamW`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra_plugins.nnbench_classes import NamedClassSearchPath
from omegaconf import OmegaConf

from nnbench.config.folder import CONF
from nnbench.config.named_classes import import_path, is_named_class, split_option
from nnbench.core.errors import UserError
from nnbench.sweep.grid import expand

ADAM = "nnbench.optimizers.adam.Adam"


@pytest.fixture(scope="module")
def loader() -> Iterator[ConfigLoader]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def jobs(loader: ConfigLoader, *words: str) -> list[str]:
    return [
        f"{job.config.optimizer.name} {job.config.optimizer.values['learning_rate']}"
        for job in expand(loader, compose("config", [], return_hydra_config=True), words)
    ]


def test_classes_are_told_from_names_of_files() -> None:
    named = "torch.AdamW", "my.lion.Lion", "my_package.lion:Lion", "lion:Lion"
    assert [name for name in (*named, "adam", "a.yaml", "my.folder", "x:", "2.A") if is_named_class(name)] == list(named)
    paths = {name: import_path(name) for name in ("torch.AdamW", "torch.optim.AdamW", "my.lion.Lion", "lion:Lion")}
    assert list(paths.values()) == ["torch.optim:AdamW", "torch.optim:AdamW", "my.lion:Lion", "lion:Lion"]
    assert split_option("torch.AdamW.learning_rate") == ("torch.AdamW", "learning_rate")
    assert split_option("lion:Lion.beta_1") == ("lion:Lion", "beta_1")
    assert split_option("sgd.learning_rate") == ("sgd", "learning_rate")


def test_its_values_are_the_defaults_of_the_fields_and_its_space_is_around_them(loader: ConfigLoader) -> None:
    tree: Any = OmegaConf.to_container(compose("config", [f"optimizer={ADAM}", "optimizer.beta_1=0.8"]))
    assert tree["optimizer"] == {
        "name": ADAM,
        "algorithm": "nnbench.optimizers.adam:Adam",
        "learning_rate": 0.001,
        "decay": 0.0,
        "beta_1": 0.8,
        "beta_2": 0.999,
        "epsilon": 1e-7,
    }
    assert tree["space"]["learning_rate"] == {"kind": "log", "low": 1e-5, "high": 0.1}
    assert list(tree["space"]) == ["learning_rate", "beta_1"]


def test_it_is_swept_beside_others(loader: ConfigLoader) -> None:
    rates = f"grids.optimizer.{ADAM}.learning_rate=0.1,0.2"
    assert jobs(loader, f"optimizer={ADAM},sgd", rates) == [f"{ADAM} 0.1", f"{ADAM} 0.2", "sgd 1.0"]


def test_pytorchs_are_in_torch_optim(loader: ConfigLoader) -> None:
    pytest.importorskip("torch")
    assert jobs(loader, "optimizer=torch.RMSprop", "optimizer.learning_rate=0.1,0.2") == [
        "torch.RMSprop 0.1",
        "torch.RMSprop 0.2",
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.Adam", "optimizer.algorithm=nowhere:Adam: cannot be imported: ModuleNotFoundError"),
        ("nnbench.optimizers.adam.Adm", "has no attribute 'Adm'; did you mean Adam?"),
        ("pathlib.Path", "is not a subclass of nnbench.optimizers.base.Optimizer"),
    ],
)
def test_a_class_that_does_not_exist_is_reported_in_one_line(loader: ConfigLoader, name: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        jobs(loader, f"optimizer={name},sgd")
    assert says in str(caught.value)


def test_other_applications_have_no_options_that_are_named_by_a_class(tmp_path: Path) -> None:
    plugin = NamedClassSearchPath()
    for prefix in ("", "file://"):
        own, other = ConfigSearchPathImpl(), ConfigSearchPathImpl()
        own.append("main", f"{prefix}{CONF}")
        other.append("main", f"{prefix}{tmp_path}")
        for path in (own, other):
            plugin.manipulate_search_path(path)
        assert [element.path for element in own.get_path()] == [f"{prefix}{CONF}", "class://"]
        assert [element.path for element in other.get_path()] == [f"{prefix}{tmp_path}"]
