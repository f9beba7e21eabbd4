"""The axes of a sweep give the same jobs or refusals as Hydra's basic sweeper."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nnbench.config.folder import CONF
from nnbench.config.validate import parse
from nnbench.core.errors import UserError
from nnbench.sweep.grid import expand

Refused = UserError, HydraException, OmegaConfBaseException
CUSTOM = "optimizer=custom", "optimizer.algorithm=tests.odd_optimizers:Odd"


@pytest.fixture(scope="module")
def loader() -> Iterator[ConfigLoader]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


@pytest.fixture(scope="module")
def master(loader: ConfigLoader) -> DictConfig:
    return compose("config", [], return_hydra_config=True)


def by_hydra(loader: ConfigLoader, master: DictConfig, words: list[str]) -> Counter[str]:
    """Return the configs that `hydra/sweeper=basic` composes from these arguments."""
    overrides = OverridesParser.create(config_loader=loader).parse_overrides(words)
    found: Counter[str] = Counter()
    for batch in BasicSweeper.split_arguments(overrides, None):
        for job in batch:
            config = loader.load_sweep_config(master, list(job))
            own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
            found[repr(parse(OmegaConf.to_container(own, resolve=True)))] += 1  # type: ignore[arg-type]
    return found


def compare(loader: ConfigLoader, master: DictConfig, words: list[str]) -> int:
    """Return the number of jobs, the same for Hydra and nnbench; 0 if both refuse."""
    try:
        expected = by_hydra(loader, master, words)
    except Refused:
        with pytest.raises(Refused):
            expand(loader, master, words)
        return 0
    assert Counter(repr(job.config) for job in expand(loader, master, words)) == expected
    return expected.total()


CASES: list[tuple[list[str], int]] = [
    (['training.dtype="float32","float64"', "seed='1',2"], 0),
    (['training.dtype="float32",float64'], 2),
    (["optimizer=sgd", 'optimizer.momentum="0","0.9"'], 0),
    (["optimizer=sgd", "optimizer.momentum=0,0.5,9e-1"], 3),
    (["optimizer=glob([sg*,rms*],exclude=[*default])", "seed=shuffle(range(3))"], 6),
    (["seed=sort(3,1,2,reverse=true)", "dataset.noise=range(0.1,0.35,0.1)"], 9),
    (["training.stop_at_accuracy=null,0.5", "resume=true"], 2),
    (["draws={kind:chain,chain:[adam]},{kind:streams}"], 2),
    (["draws={kind:chain},{kind:streams}", "draws.chain=[adam]"], 2),
    (["draws.chain=[adam],[adam,sgd]", "draws.kind=chain"], 2),
    (["network.hidden=choice([8],[8,4])"], 2),
    (["network.hidden.0=8,16"], 2),
    (["dataset.val_samples=${dataset.samples},${dataset.test_samples}", "dataset.samples=10,20"], 4),
    (["network.hidden=[${dataset.classes},4],[5]"], 2),
    (["network.hidden=[${dataset.classes},4]", "seed=0,1"], 2),
    (["optimizer.name=a\\,b,'c d'"], 2),
    (["optimizer.name=c d,'e (f)',\"g\""], 3),
    ([*CUSTOM, "+optimizer.does=slow,error"], 2),
    ([*CUSTOM, "++optimizer.does=slow,error,'\\${x}'"], 3),
    (["++optimizer.learning_rate=0.1,0.2"], 2),
    (["+optimizer.learning_rate=0.1,0.2"], 0),
    (["+seed=0,1"], 0),
    (["seed=0,1", "++seed=5"], 2),
    (["++seed=5", "seed=0,1"], 2),
    (["~training.stop_at_accuracy", "seed=0,1"], 0),
    (["~optimizer.decay", "optimizer.decay=0.1,0.2"], 0),
    (["optimizer@dataset=sgd,adam"], 0),
    (["seed.x=0,1"], 0),
    (["+seed.x=0,1"], 0),
    (["nothing=0,1"], 0),
    (["float(seed=0,1)"], 0),
    (["dataset.noise=float(range(1,3))"], 2),
    (["dataset.noise=tag(a,choice(0.1,0.2))"], 2),
    (["seed=0x10,1_000"], 0),
]


# One in three is enough for every day: each takes half a second or more.
@pytest.mark.parametrize(
    ("words", "jobs"),
    [pytest.param(*case, id=" ".join(case[0]), marks=[pytest.mark.heavy] * (at % 3 > 0)) for at, case in enumerate(CASES)],
)
def test_axes_are_parsed_as_by_hydra(loader: ConfigLoader, master: DictConfig, words: list[str], jobs: int) -> None:
    assert compare(loader, master, words) == jobs


SETTINGS = {
    "seed": ["0", "1", "7", "'3'", "${training.epochs}", "null", "1.0", "true"],
    "optimizer": ["sgd", "adam", "rmsprop", "glob(a*)"],
    "training.dtype": ["float32", "'float64'", '"float32"', "${training.dtype2}"],
    "training.epochs": ["5", "range(3,6)", "sort(9,8)", "shuffle(4,5)", "int(6.0)"],
    "dataset.samples": ["10", "${dataset.val_samples}", "20"],
    "optimizer.learning_rate": ["1e-3", "0.1", "1", "${dataset.noise}", "inf"],
    "network.hidden": ["[8]", "[8,${dataset.classes}]", "[]", "8"],
    "draws": ["{kind:streams}", "{kind:chain,chain:[sgd,adam]}", "{chain:[]}"],
}
SIGNS = "", "", "", "+", "++", "~"


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    words = []
    for key in draw(st.lists(st.sampled_from(sorted(SETTINGS)), min_size=1, max_size=3, unique=True)):
        values = draw(st.lists(st.sampled_from(SETTINGS[key]), min_size=1, max_size=2))
        words.append(f"{draw(st.sampled_from(SIGNS))}{key}={','.join(values)}")
    return words


@pytest.mark.heavy
@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # to shrink a line takes many minutes
@given(words=lines())
def test_command_lines_are_parsed_as_by_hydra(loader: ConfigLoader, master: DictConfig, words: list[str]) -> None:
    compare(loader, master, words)
