"""Mistakes at the command line: one line that names the key, the value and what is allowed, and exit status 2."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.errors import UserError
from tests.conftest import Said

Run = Callable[..., Said]

BROKEN = "optimizer=custom optimizer.algorithm=tests.broken_optimizers:"
MISTAKES = {
    # options of groups
    "optimizer=sdg": "optimizer=sdg: no such option; did you mean sgd? optimizer knows adagrad, adam, custom, rmsprop",
    "optimizer=lion": "optimizer=lion: no such option; optimizer knows adagrad, adam",
    "-m optimizer=sgd,lion": "optimizer=lion: no such option; optimizer knows",
    "dataset=moons": "dataset=moons: no such option; dataset knows spiral",
    "network=cnn": "network=cnn: no such option; network knows mlp",
    "training=ful": "training=ful: no such option; did you mean full?",
    "tracking=none": "tracking=none: no such option; tracking knows local",
    "report=pdf": "report=pdf: no such option; report knows",
    "sweep=all": "sweep=all: no such option; sweep knows",
    "experiment=notebok": "experiment=notebok: no such option; did you mean notebook?",
    "-m experiment=notebook,smoke": "experiment: must be one at a time",
    # keys
    "optimzer=sgd": "optimzer: no such key; did you mean optimizer?",
    "sed=3": "sed: no such key; did you mean seed?",
    "optimizer.learning_rat=1": "optimizer.learning_rat: no such key; did you mean optimizer.learning_rate?",
    "optimizer.lr=1": "optimizer.lr: no such key; optimizer knows name, algorithm, learning_rate",
    "optimizer.momentum=0.9": "optimizer.momentum: no such key; optimizer knows",
    "training.epoch=5": "training.epoch: no such key; did you mean training.epochs?",
    "dataset.sample=5": "dataset.sample: no such key; did you mean dataset.samples?",
    "+foo=1": "foo: no such key",
    "-m space.adam.decay.low=0": "space.adam.decay.low: no such key; space.decay.low is for every optimizer, conf/space/adam",
    "+optimizer.rho=0.9": "optimizer.rho: no such key; optimizer knows",
    "+training.batch=3": "training.batch: no such key",
    "~seed": "seed: is missing; must be a whole number >= 0",
    "~optimizer": "optimizer=null: must be one of the options",
    "~training.epochs": "training.epochs: is missing",
    # values of the wrong type
    "seed=one": "seed=one: must be a whole number >= 0",
    "seed=1.5": "seed=1.5: must be a whole number >= 0",
    "seed=null": "seed=null: must be a whole number >= 0",
    "seed=true": "seed=true: must be a whole number >= 0",
    "seed=[1,2]": "seed=[1, 2]: must be a whole number >= 0",
    "resume=maybe": "resume=maybe: must be true or false",
    "dry_run=3": "dry_run=3: must be true or false",
    "optimizer.learning_rate=fast": "optimizer.learning_rate=fast: must be a number > 0",
    "optimizer.learning_rate=null": "optimizer.learning_rate=null: must be a number > 0",
    "training.epochs=many": "training.epochs=many: must be a whole number >= 1",
    "training.epochs=1e4": "training.epochs=10000.0: must be a whole number >= 1",
    "network.hidden=64": "network.hidden=64: must be a list of at least 1, each a whole number >= 1",
    "network.hidden=[64,big]": "network.hidden[1]=big: must be a list of at least 1",
    "dataset.classes=true": "dataset.classes=true: must be a whole number >= 1",
    "dataset.redraw=often": "dataset.redraw=often: must be true or false",
    "optimizer=3": "optimizer=3: an option of a group must be one of the names in conf/",
    "training=[]": "training",
    # values out of range
    "seed=-1": "seed=-1: must be a whole number >= 0",
    "optimizer.learning_rate=-1": "optimizer.learning_rate=-1: must be a number > 0",
    "optimizer.learning_rate=0": "optimizer.learning_rate=0: must be a number > 0",
    "optimizer.learning_rate=nan": "optimizer.learning_rate=nan: must be a number > 0",
    "optimizer.learning_rate=inf": "optimizer.learning_rate=inf: must be a number > 0",
    "optimizer.decay=-1e-3": "optimizer.decay=-0.001: must be a number >= 0",
    "optimizer=sgd optimizer.momentum=1": "optimizer.momentum=1: must be a number >= 0 and < 1",
    "optimizer=rmsprop optimizer.rho=1.5": "optimizer.rho=1.5: must be a number >= 0 and < 1",
    "optimizer.beta_2=-0.1": "optimizer.beta_2=-0.1: must be a number >= 0 and < 1",
    "optimizer.epsilon=0": "optimizer.epsilon=0: must be a number > 0",
    "training.epochs=0": "training.epochs=0: must be a whole number >= 1",
    "training.dtype=float16": "training.dtype=float16: must be one of float32, float64",
    "training.iterations_per=epoch": "training.iterations_per=epoch: must be one of step, layer",
    "training.stop_at_accuracy=95": "training.stop_at_accuracy=95: must be a number > 0 and <= 1 or null",
    "training.checkpoints=[20000]": "training.checkpoints=[20000]: must be epochs before training.epochs=10001",
    "network.hidden=[]": "network.hidden=[]: must be a list of at least 1",
    "network.hidden=[64,0]": "network.hidden[1]=0: must be a list of at least 1",
    "network.activation=gelu": "network.activation=gelu: must be one of relu, tanh",
    "network.initial_scale=0": "network.initial_scale=0: must be a number > 0",
    "dataset.samples=0": "dataset.samples=0: must be a whole number >= 1",
    "dataset.noise=-0.1": "dataset.noise=-0.1: must be a number >= 0",
    "dataset.val_samples=-1": "dataset.val_samples=-1: must be a whole number >= 0",
    "study=../outside": "study=../outside: must be letters, digits",
    "study=''": "study=",
    "optimizer.name=a/b": "optimizer.name=a/b: must be letters, digits",
    "report.pages=[cover,moon]": "report.pages=moon: no such page; there are accuracy",
    "report.targets=[1.5]": "report.targets[0]=1.5: must be a list, each a number > 0 and <= 1",
    "draws.kind=dice": "draws.kind=dice: must be one of streams, chain",
    "draws.kind=chain": "optimizer.name=adam: must be one of draws.chain (empty)",
    # sweeps
    "seed=1,2": "seed=1,2: several values need -m before them, or brackets to be one list",
    "-m seed=range(-1,3)": "seed=-1: must be a whole number >= 0; none of the 4 jobs was started",
    "-m optimizer=sgd,adam optimizer.momentum=0,0.9": "with optimizer=adam; an axis for one option alone is grids.",
    "-m grids.optimizer.sdg.momentum=0,1": "grids.optimizer.sdg.momentum: no such option",
    "-m optimizer.learning_rate=interval(0,1)": "must be a list of values",
    "-m study=a,b": "study: must be one at a time; start a sweep for each",
    "-m hydra.launcher.workers=0": "hydra.launcher.workers=0: must be null or a whole number >= 1",
    "-m hydra.launcher.timeout=-1": "hydra.launcher.timeout=-1.0: must be null or a number of seconds > 0",
    "-m hydra/launcher=cluster": "hydra/launcher=cluster: no such option",
    # the command line itself
    "foo=[1": "foo=[1: cannot be read; must be KEY=VALUE",
    "seed": "seed: cannot be read; must be KEY=VALUE",
    # stores
    "tracking.uri=nonsense://x": "tracking.uri=nonsense://x: ",
    "tracking.uri=''": "tracking.uri=",
    "tracking.uri=sqlite://": "tracking.uri=sqlite://: names no file",
    # an optimizer of one's own
    "optimizer=custom": "optimizer.algorithm=???: ",
    "optimizer.algorithm=nadam": "optimizer.algorithm=nadam: unknown; known are adagrad, adam, rmsprop, sgd, or package",
    "optimizer.algorithm=no_such_package:Lion": "cannot be imported: ModuleNotFoundError",
    "optimizer.algorithm=tests.raises_on_import:Lion": "cannot be imported: RuntimeError: not today",
    BROKEN + "Missing": "cannot be imported: AttributeError",
    BROKEN + "NotAClass": "is not a subclass of nnbench.optimizers.base.Optimizer",
    BROKEN + "NotAnOptimizer": "is not a subclass of nnbench.optimizers.base.Optimizer",
    BROKEN + "NoUpdate": "must be a dataclass that defines update",
    BROKEN + "Raises +optimizer.beta=1": "optimizer.beta: no such key; optimizer knows learning_rate",
    BROKEN + "Raises +optimizer.learning_rate=-1": "optimizer.learning_rate=-1: must be a number > 0",
}


@pytest.mark.parametrize("command", MISTAKES)
def test_one_line_and_status_2(nnbench: Run, command: str) -> None:
    said = nnbench(*command.split())
    assert said.status == 2
    *_, line = said.err.splitlines()
    assert line.startswith("nnbench: ")
    assert MISTAKES[command] in line
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert not list(Path().iterdir()), "nothing was started, nothing was left behind"


def test_there_are_enough_of_them() -> None:
    assert len(MISTAKES) >= 60


def test_a_traceback_when_it_is_asked_for(nnbench: Run) -> None:
    with pytest.raises(UserError, match="learning_rate=-1"):
        nnbench("-m", "optimizer.learning_rate=-1,1", full_error=True)
