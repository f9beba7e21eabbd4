"""Mistakes on the command line: a message of one line with the key, the value and what is allowed, and exit status 2."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.core.errors import UserError
from tests.conftest import CommandOutput

Run = Callable[..., CommandOutput]

BROKEN = "optimizer=custom optimizer.algorithm=tests.broken_optimizers:"
MISTAKES = {
    # options of groups
    "optimizer=sdg": "optimizer=sdg: no such option; did you mean sgd? optimizer has adagrad, adam, adamw,",
    "optimizer=tiger": "optimizer=tiger: no such option; optimizer has adagrad, adam",
    "-m optimizer=sgd,tiger": "optimizer=tiger: no such option; optimizer has",
    "dataset=moon": "dataset=moon: no such option; did you mean moons? dataset has custom, d",
    "problem=moon": "problem=moon: no such option; did you mean moons? problem has d",
    "problem=held_out/moon": "problem=held_out/moon: no such option; did you mean held_out/moons? problem has held_out/d",
    "network=cnn": "network=cnn: no such option; network has mlp",
    "training=ful": "training=ful: no such option; did you mean full?",
    "tracking=none": "tracking=none: no such option; tracking has local",
    "report=pdf": "report=pdf: no such option; report has",
    "sweep=all": "sweep=all: no such option; sweep has",
    "experiment=notebok": "experiment=notebok: no such option; did you mean notebook?",
    "-m experiment=notebook,smoke": "experiment=notebook,smoke: must be one at a time; start a sweep for each",
    # keys
    "optimzer=sgd": "optimzer: no such key; did you mean optimizer?",
    "sed=3": "sed: no such key; did you mean seed?",
    "optimizer.learning_rat=1": "optimizer.learning_rat: no such key; did you mean optimizer.learning_rate?",
    "optimizer.lr=1": "optimizer.lr: no such key; optimizer has name, algorithm, learning_rate",
    "optimizer.momentum=0.9": "optimizer.momentum: no such key; optimizer has",
    "training.epoch=5": "training.epoch: no such key; did you mean training.epochs?",
    "dataset.sample=5": "dataset.sample: no such key; did you mean dataset.samples?",
    "+foo=1": "foo: no such key",
    "-m space.adam.decay.low=0": "space.adam.decay.low: no such key; space.decay.low is for every optimizer, conf/space/adam",
    "+optimizer.rho=0.9": "optimizer.rho: no such key; optimizer has",
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
    "network.hidden=64": "network.hidden=64: must be a list, each a whole number >= 1",
    "network.hidden=[64,big]": "network.hidden[1]=big: must be a list",
    "dataset.classes=true": "dataset.classes=true: must be a whole number >= 1",
    "dataset.redraw=often": "dataset.redraw=often: must be true or false",
    "optimizer=3": "optimizer=3: an option of a group must be one of the names in conf/",
    # a group given what is none of its options
    "training=[]": "training=[]: must be one of the options of conf/training; a key of it is training.KEY=VALUE",
    "network=[64]": "network=[64]: must be one of the options of conf/network",
    "training={epochs:3}": "training={epochs:3}: must be one of the options of conf/training",
    "dataset={}": "dataset={}: must be one of the options of conf/dataset",
    "-m optimizer={}": "optimizer={}: must be one of the options of conf/optimizer",
    "-m experiment=tuned space={}": "space={}: must be one of the options of conf/space",
    "draws=3": "draws=3: must be a section",
    "network.hidden={a:1}": "network.hidden={a:1}: must be a list, each a whole number >= 1",
    # values that no machine has room for
    "training.epochs=1000000000": "training.epochs=1000000000: must be a whole number >= 1 and <= 10000000",
    "training.epochs=999999999999999999999": "must be a whole number >= 1 and <= 10000000",
    "network.hidden=[100000000,100000000]": "network.hidden[0]=100000000: must be a list, each a whole number",
    "network.hidden=[20000,20000]": "network.hidden=[20000, 20000]: with 6,000 points it takes 640,078,000 numbers; must be",
    "dataset.samples=100000000000": "dataset.samples=100000000000: must be a whole number >= 1 and <= 10000000",
    "dataset.samples=1000000": "network.hidden=[64]: with 3,000,000 points it takes 201,000,192 numbers; must be at most",
    "dataset.classes=256": "(the points are dataset.test_samples=2000 a class)",
    "dataset.classes=1000000": "dataset.classes=1000000: must be a whole number >= 1 and <= 256",
    "dataset.noise=1e308": "dataset.noise=1e+308: must be a number >= 0 and <= 1e+30",
    "seed=4294967296": "seed=4294967296: must be a whole number >= 0 and <= 4294967295",
    "-m seed=range(0,1000000000) dry_run=true": "seed=range(0,1000000000): must have at most 100,000 values",
    "-m seed=shuffle(range(0,1000000000))": "seed=shuffle(range(0,1000000000)): must have at most 100,000 values",
    "-m optimizer.decay=range(0,1,1e-30)": "must have at most 100,000 values",
    "-m dataset=digits dataset.samples=9 seed=range(6)": "dataset.samples: no such key; dataset has ",
    "-m seed=range(1000) dataset.samples=range(1,102)": "101,000 runs: a sweep must have at most 100,000",
    "-m sweep=optimizers seed=range(6000)": "132,000 runs: a sweep must have at most 100,000",
    "-m experiment=tuned_quick tuning.configs=1000000": "24,000,000 runs: a sweep must have at most 100,000",
    "-m experiment=tuned_quick tuning.configs=100000000": "tuning.configs=100000000: must be a whole number >= 1 and <=",
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
    "training.checkpoints=[20000]": "training.checkpoints=[20000]: must be epochs before training.epochs=3001",
    "network.hidden=[64,0]": "network.hidden[1]=0: must be a list, each a whole number >= 1",
    "network.activation=softplus": "network.activation=softplus: must be one of identity, relu, leaky_relu, tanh,",
    "network.initial=uniform": "network.initial=uniform: must be one of normal, glorot, he, orthogonal",
    "network.dropout=1": "network.dropout=1: must be a number >= 0 and < 1",
    "schedule=cosin": "schedule=cosin: no such option; did you mean cosine?",
    "schedule.final=0.1": "schedule.final: no such key; schedule has name",
    "training.weight_decay=-1": "training.weight_decay=-1: must be a number >= 0 and <= 1e+30",
    "training.clip_norm=0": "training.clip_norm=0: must be a number > 0 and <= 1e+30 or null",
    "schedule=linear schedule.name=tests.nowhere:Mine": "schedule.name=tests.nowhere:Mine: cannot be imported",
    "schedule=warmup_stable_decay schedule.decay=0.99": "schedule: warmup=0.05 and decay=0.99 must be at most 1 together",
    "optimizer=sgd optimizer.rate_scales=both": "optimizer.rate_scales=both: must be one of gradient, velocity",
    # optimizers that do not admit an option, or a network
    "optimizer=lbfgs training.clip_norm=1.0": "training.clip_norm=1.0: must be null for lbfgs, which compares the gradients",
    "optimizer=lbfgs training.weight_decay=0.1": "training.weight_decay=0.1: must be 0 for lbfgs, whose search follows the",
    "optimizer=lbfgs training.iterations_per=layer": "training.iterations_per=layer: must be step for lbfgs, which updates",
    "optimizer=lbfgs training.batch_size=10": "training.batch_size=10: must be null for lbfgs, which needs the full batch",
    "optimizer=schedule_free_adamw training.weight_decay=0.1": "training.weight_decay=0.1: must be 0 for schedule_free_adamw",
    "optimizer=muon optimizer.matrices=hidden": "network.hidden=[64]: has no weights that muon takes; all would be updated",
    "training.batch_size=0": "training.batch_size=0: must be a whole number >= 1 and <= 10000000 or null",
    "network.initial_scale=0": "network.initial_scale=0: must be a number > 0",
    "dataset.samples=0": "dataset.samples=0: must be a whole number >= 1",
    "dataset.noise=-0.1": "dataset.noise=-0.1: must be a number >= 0",
    "dataset=digits dataset.val_share=0.6 dataset.test_share=0.4": "dataset: val_share=0.6 + test_share=0.4: must be < 1",
    "dataset=digits dataset.test_share=1": "dataset.test_share=1: must be a number >= 0 and < 1",
    "dataset=digits dataset.samples=10": "dataset.samples: no such key; dataset has name, redraw, val_share, test_share, with",
    "dataset=digits experiment=notebook optimizer=sgd": "dataset.samples: no such key; dataset has val_share, test_share,",
    "dataset=diabetes training.stop_at_accuracy=0.9": "training.stop_at_accuracy=0.9: must be null, since dataset.name=diab",
    "dataset=digits dataset.name=tests.broken_datasets:NoFile": "dataset.name=tests.broken_datasets:NoFile: FileNotFoundErr",
    "dataset.val_samples=-1": "dataset.val_samples=-1: must be a whole number >= 0",
    "study=../outside": "study=../outside: must be letters, digits",
    "study=''": "study=",
    "optimizer.name=a/b": "optimizer.name=a/b: must be letters, digits",
    "report.pages=[cover,moon]": "report.pages=moon: no such page; must be one of accuracy",
    "report.targets=[1.5]": "report.targets[0]=1.5: must be a list, each a number > 0 and <= 1",
    "report.rank_by=accuracy": "report.rank_by=accuracy: must be one of test_measure, train_loss, best_validation, steps_to_",
    "draws.kind=dice": "draws.kind=dice: must be one of streams, chain",
    "draws.kind=chain": "optimizer.name=adam: must be one of draws.chain (empty)",
    # sweeps
    "seed=1,2": "seed=1,2: several values need -m before them, or brackets for a list",
    "-m seed=range(-1,3)": "seed=-1: must be a whole number >= 0 and <= 4294967295; none of the 4 jobs was started",
    "-m optimizer=sgd,adam optimizer.momentum=0,0.9": "no such key with optimizer=adam; to vary it where it",
    "-m grids.optimizer.sdg.momentum=0,1": "grids.optimizer.sdg.momentum: no such option",
    "-m optimizer.learning_rate=interval(0,1)": "must be a list of values",
    "-m study=a,b": "study=a,b: must be one at a time; start a sweep for each",
    "-m hydra.launcher.workers=0": "hydra.launcher.workers=0: must be a whole number >= 1 and <= 1024 or null",
    "-m hydra.launcher.timeout=-1": "hydra.launcher.timeout=-1: must be a number > 0 and <= 1e+30 or null",
    "-m hydra/launcher=cluster": "hydra/launcher=cluster: no such option",
    "-m hydra.launcher.workers=two": "hydra.launcher.workers=two: must be a whole number >= 1 and <= 1024 or null",
    "-m hydra.launcher.workers=1.5": "hydra.launcher.workers=1.5: must be a whole number >= 1 and <= 1024 or null",
    "-m hydra.launcher.workers=-3": "hydra.launcher.workers=-3: must be a whole number >= 1 and <= 1024 or null",
    "-m hydra.launcher.workers=1,2": "hydra.launcher.workers=1,2: must be one value for the whole sweep",
    "-m hydra.launcher.timeout=soon": "hydra.launcher.timeout=soon: must be a number > 0 and <= 1e+30 or null",
    "-m hydra.launcher.timeout=0": "hydra.launcher.timeout=0: must be a number > 0 and <= 1e+30 or null",
    "-m hydra.launcher.timeot=5": "hydra.launcher.timeot: no such key; did you mean hydra.launcher.timeout?",
    "-m hydra.launcher.worker=2": "hydra.launcher.worker: no such key; did you mean hydra.launcher.workers?",
    "-m hydra.launcher.x=2": "hydra.launcher.x: no such key; hydra.launcher has workers, timeout",
    "-m hydra.sweeper.n_trials=3": "hydra.sweeper.n_trials: no such key; hydra.sweeper has params",
    # axes without values, and what cannot be an axis
    "-m seed=range(5,5)": "seed=range(5,5): has no value",
    "-m seed=range(10,0)": "seed=range(10,0): has no value",
    "-m seed=range(0,10,-1)": "seed=range(0,10,-1): has no value",
    "-m seed=range(0,10,0)": "seed=range(0,10,0): must have a step other than 0",
    "-m optimizer=glob(x*)": "optimizer=glob(x*): has no value",
    "-m experiment=tuned_quick seed=range(0)": "seed=range(0): has no value",
    "-m resume=true,false": "resume=true,false: must be one at a time; start a sweep for each",
    "-m dry_run=true,false": "dry_run=true,false: must be one at a time",
    "-m report=comparison,notebook": "report=comparison,notebook: must be one at a time",
    "-m report.pages=[cover],[loss]": "report.pages=[cover],[loss]: must be one at a time",
    "-m tracking.uri=a,b": "tracking.uri=a,b: must be one at a time",
    "-m tuning.configs=1,2": "tuning.configs=1,2: must be one at a time",
    "-m experiment=tuned_quick experiment=notebook": "experiment: is given twice; must be one at a time",
    "-m optimizer=custom,adam optimizer.name=lion": "optimizer.name: would be set for every optimizer of the sweep; write",
    "-m problem=spiral,digits dataset=moons": "dataset: would replace the dataset of each problem; give problem or dataset",
    "-m problem=digits dataset=moons,spiral": "dataset: would replace the dataset of each problem; give problem or dataset",
    "-m optimizer=custom,adam optimizer.algorithm=a:B": "optimizer.algorithm: would be set for every optimizer",
    "-m seed=range(nan)": "seed=range(nan): must have at most 100,000 values",
    "-m problem=null dataset=moons,spiral": "nnbench: problem=null: an option of a group must be one of the names in conf/",
    "-m optimizer=null": "nnbench: optimizer=null: an option of a group must be one of the names in conf/",
    "-m experiment=tuned hydra/sweeper=basic": "hydra/sweeper=basic: experiment=tuned needs the sweeper two_stage",
    "hydra.mode=foo": "hydra.mode=foo: Invalid value 'foo', expected one of [RUN, MULTIRUN]",
    "-m hydra.launcher._target_=foo": "foo: is not a plugin of Hydra",
    "-m hydra/sweeper=basic seed=0,-1": "seed=-1: must be a whole number >= 0",
    "-m hydra/sweeper=basic seed.x=0,1": "seed.x: no such key",
    "-m seed=0,range(1,3)": "seed=0,range(1,3): must be one function or a list of values, not a list of functions",
    # a key that not all of the options have
    "-m optimizer=sgd,adam optimizer.momentum=0.5": "no such key with optimizer=adam; to vary it where",
    "-m problem=moons,diabetes dataset.samples=100": "no such key with every option of problem=moons,diabetes",
    BROKEN + "Raises optimizer.learning_rate=1e-3": "add it with +optimizer.learning_rate=...",
    "-m " + BROKEN + "Raises optimizer.learning_rate=1e-3,1": "add it with +optimizer.learning_rate=...",
    # grids
    "-m grids={a:1}": "grids={a:1}: has an unknown key; give grids.KEY=VALUE",
    "-m grids=3": "grids=3: must be grids.GROUP.OPTION.KEY",
    "-m grids.foo=3": "grids.foo: must be grids.GROUP.OPTION.KEY, such as grids.optimizer.sgd.momentum=0,0.9",
    "-m optimizer=sgd grids.optimizer.sgd.momentum=": "optimizer.momentum=: must be a number >= 0 and < 1",
    "-m grid.optimizer.sgd.momentum=0,1": "no such key; did you mean grids.optimizer.sgd.momentum?",
    # a sweep's words where nothing is swept, a tuner's where nothing is tuned
    "experiment=tuned": "experiment=tuned: is a search; give -m before it",
    "experiment=notebook": "experiment=notebook: is a sweep over optimizer; give -m before it",
    "experiment=smoke seed=3": "experiment=smoke: is a sweep over optimizer; give -m before it",
    "sweep=optimizers": "sweep=optimizers: is a sweep over optimizer; give -m before it",
    "hydra/sweeper=tpe": "hydra/sweeper=tpe: is for sweeps; give -m before it",
    "hydra.launcher.workers=2": "hydra.launcher.workers=2: is for sweeps; give -m before it",
    "tuning.configs=-4": "tuning.configs=-4: is for sweeps; give -m before it",
    "grids.optimizer.adam.beta_1=0.8,0.9": "several values need -m before them",
    "-m tuning.configs=-4": "tuning.configs: is for a sweeper that tunes; give experiment=tuned or hydra/sweeper=tpe",
    "-m tuning=nonsense": "tuning: is for a sweeper that tunes",
    "-m space.learning_rate=banana": "space.learning_rate: is for a sweeper that tunes",
    "-m extend=3": "extend: is for a sweeper that tunes",
    "-m experiment=tuned_quick hydra/sweeper=tpe": "hydra/sweeper=tpe: experiment=tuned_quick needs the sweeper two_stage",
    "-m experiment=tuned_quick tuning=nonsense": "tuning=nonsense: is a section; give tuning.KEY=VALUE",
    "-m experiment=tuned_quick tuning.seeds=[1000,1000]": "tuning.seeds=[1000, 1000]: must all be different",
    "-m experiment=tuned_quick space.learning_rat.low=1": "did you mean space.learning_rate.low?",
    "-m experiment=tuned_quick optimizer=sgd,adam space.momentum.low=0.1": "momentum is of sgd, signum, so change",
    "-m experiment=tuned_quick ~space": "space: is missing",
    # the command line itself
    "--config-path /proc": "--config-path=/proc: has no config.yaml; for a folder with your own options, use --config-dir",
    "=3": "=3: has no key; must be KEY=VALUE",
    "seed==3": "seed==3: cannot be parsed; must be KEY=VALUE; did you mean seed=3?",
    "optimizer=/etc/passwd": "optimizer=etc/passwd: no such option; optimizer has adagrad",
    "-m hydra.sweeper=x": "hydra.sweeper=x: is a section; one of Hydra's is chosen by hydra/sweeper=NAME",
    "-m hydra.launcher=x": "hydra.launcher=x: is a section; one of Hydra's is chosen by hydra/launcher=NAME",
    "seed=choice(": "seed=choice(: cannot be parsed; must be KEY=VALUE, quoted for the shell",
    "--foo": "unrecognized arguments: --foo; --help lists all options",
    "-M": "unrecognized arguments: -M",
    "seed=1 --cfg nothing": "argument --cfg/-c: invalid choice: 'nothing'",
    "-m --cfg job": "Only one of --run, --multirun, --cfg",
    "--config-name nonsense": "--config-name=nonsense: no such file",
    "--config-dir nowhere": "no such folder",
    "--experimental-rerun config.pickle": "--experimental-rerun=config.pickle: is not supported; repeat the command",
    "--package optimizer": "--package=optimizer: can only be used together with --cfg",
    "--shell-completion": "--shell-completion: must be with one of install, uninstall and query, =bash, =fish or =zsh",
    "--shell-completion query=bash": "--shell-completion query=bash: is called by a shell",
    "--shell-completion install=csh": "--shell-completion: must be with one of install",
    "training=${nope}": "training=${nope}: must be one of the options of conf/training",
    "+seed=3": "+seed: exists already; give seed without the +",
    "seed=range(3)": "seed=range(3): several values need -m before them",
    "training.epochs=${nope}": "training.epochs=${nope}: cannot be resolved: Interpolation key 'nope' not found",
    "-m training.epochs=${nope} seed=0,1": "training.epochs=${nope}: cannot be resolved: Interpolation key 'nope' not found",
    "seed=${oc.env:NOPE}": "seed=${oc.env:NOPE}: cannot be resolved: \"Environment variable 'NOPE' not found\"",
    "~foo": "foo: no such key; the config has ",
    "epochs=5": "epochs: no such key; did you mean training.epochs?",
    "seed.x=5": "seed.x: no such key",
    "hydra.run.dir=/proc/x": "hydra.run.dir=/proc/x: cannot be written: No such file or directory",
    f"{'a' * 300}=1": "has a name that is too long",
    f"-m {'a' * 300}=1,2": "has a name that is too long",
    f"-cn {'a' * 300}": "has a name that is too long",
    f"-m optimizer={'a' * 300},adam": "no such option",
    "from=results/s/export": "from=results/s/export: is for nnbench report",
    "+pages=cover": "+pages=cover: is for nnbench report",
    "foo=[1": "foo=[1: cannot be parsed; must be KEY=VALUE",
    "seed": "seed: cannot be parsed; must be KEY=VALUE",
    # stores
    "tracking.uri=nonsense://x": "tracking.uri=nonsense://x: ",
    "tracking.uri=''": "tracking.uri=",
    "tracking.uri=sqlite://": "tracking.uri=sqlite://: names no file",
    "tracking.uri=sqlite:////proc/x.db": "tracking.uri=sqlite:////proc/x.db: its folder cannot be created: No such file",
    "tracking.artifacts=/proc/nowhere": "tracking.artifacts=/proc/nowhere: cannot be written: ",
    "tracking.artifacts=/dev/null": "tracking.artifacts=/dev/null: cannot be written: ",
    "tracking.artifacts=s3://b/x": "tracking.artifacts=s3://b/x: must be a folder on this machine",
    "-m seed=0,1 tracking.artifacts=file:///x": "tracking.artifacts=file:///x: must be a folder on this machine",
    "report.folder=s3://b/x": "report.folder=s3://b/x: must be a folder on this machine",
    "tracking.uri=sqlite:////dev/zero": "tracking.uri=sqlite:////dev/zero: cannot be opened: /dev/zero is not",
    "tracking.uri=sqlite:////dev": "cannot be opened: /dev is a folder",
    "tracking.uri=sqlite:///a?b/x.db": "a ? in a path is written %3F",
    "tracking.uri=postgresql:bob:SECRET@host/db": "tracking.uri=postgresql:***@host/db: is not a tracking URI",
    "-m seed=0,1 tracking.uri=postgresql://bob:SECRET%40host/db": "tracking.uri=postgresql://***: is not a tracking URI",
    "-m tracking.uri=bob:SECRET@host,x": "must be one at a time",
    "-m report.folder=/proc/x": "report.folder=/proc/x: cannot be written: ",
    "-m report.folder=/dev/null/x": "report.folder=/dev/null/x: cannot be written: ",
    "-m report.folder=''": "report.folder=: must be text of at least 1 character",
    # an optimizer of one's own
    "optimizer=custom": "optimizer.algorithm: is missing; must be a name, or package.module:Class",
    "optimizer.algorithm=nadam": "optimizer.algorithm=nadam: unknown; known are adagrad, adam, adamw,",
    "optimizer.algorithm=no_such_package:Lion": "cannot be imported: ModuleNotFoundError",
    "optimizer.algorithm=tests.raises_on_import:Lion": "cannot be imported: RuntimeError: not today",
    "-m optimizer.algorithm=tests.exits_on_import:Lion": "cannot be imported: SystemExit: 7 (",
    "optimizer.algorithm=tests.dies_on_import:Lion": "cannot be imported: SystemExit: os._exit(7) (",
    "-m optimizer.algorithm=tests.dies_on_import:Lion": "cannot be imported: SystemExit: os._exit(7) (",
    "optimizer.algorithm=tests.interrupts_on_import:Lion": "cannot be imported: KeyboardInterrupt (",
    f"seed={'9' * 5000}": "seed=99999999...: is a number of 5,000 digits",
    f"-m seed=0,{'9' * 5000}": "seed=0,99999999...: is a number of 5,000 digits",
    "-cn optimizer/sgd": "--config-name=optimizer/sgd: must be a complete config; to choose an option, give optimizer=sgd",
    BROKEN + "Missing": "cannot be imported: AttributeError",
    BROKEN + "NotAClass": "is not a subclass of nnbench.optimizers.base.Optimizer",
    BROKEN + "NotAnOptimizer": "is not a subclass of nnbench.optimizers.base.Optimizer",
    BROKEN + "NoUpdate": "must be a dataclass that defines update",
    BROKEN + "Raises +optimizer.beta=1": "optimizer.beta: no such key; optimizer has learning_rate",
    BROKEN + "Raises +optimizer.learning_rate=-1": "optimizer.learning_rate=-1: must be a number > 0",
}


# One in six of each kind is enough for every day: each costs Hydra half a second.
CASES = [pytest.param(command, marks=[pytest.mark.heavy] * (at % 6 > 0)) for at, command in enumerate(MISTAKES)]


@pytest.mark.heavy
@pytest.mark.parametrize("command", CASES)
def test_one_line_and_status_2(nnbench: Run, command: str) -> None:
    said = nnbench(*command.split())
    assert said.status == 2
    *_, line = said.err.splitlines()
    assert line.startswith("nnbench: ")
    assert MISTAKES[command] in line
    assert "SECRET" not in line
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert not list(Path().iterdir()), "nothing was started, nothing was left behind"


@pytest.mark.heavy
def test_an_option_outside_hydras_search_path(nnbench: Run) -> None:
    Path("conf", "optimizer").mkdir(parents=True)
    Path("conf", "optimizer", "tiger.yaml").write_text("name: tiger\nalgorithm: sgd\n")
    said = nnbench("-m", "optimizer=sgd,tiger", "dry_run=true")
    assert "conf/optimizer/tiger.yaml exists: give --config-dir conf;" in said.err
    assert nnbench("--config-dir", "conf", "-m", "optimizer=sgd,tiger", "dry_run=true").status == 0


def test_a_value_for_swept_options_that_the_default_option_does_not_have(nnbench: Run) -> None:
    said = nnbench("-m", "optimizer=rmsprop,rmsprop_default", "optimizer.rho=0.95", "dry_run=true")
    assert said.status == 0, said.err
    assert said.out.count("optimizer.rho=0.95") == 2


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("study=a\nb", r"study=a\nb: cannot be parsed"),
        ("study='a\nb'", r"study=a\nb: must be letters"),
        ("study='a\x1b[31mred'", r"study=a\x1b[31mred: must be letters"),
        ("study='\u202eevil'", r"study=\u202eevil: must be letters"),
        ("a\tb=3", r"a\tb=3: cannot be parsed"),
        ("study=\udcff", r"study=\xff: is not UTF-8"),
        ("caf\udcc3(=3", r"caf\xc3(=3: is not UTF-8"),
        ("study=" + "x" * 5000, "study=xxxxxxxx"),
        ("optimizer.learning_rate=" + "9" * 5000, "optimizer.learning_rate="),
        ("café=3", "café=3: cannot be parsed; must be KEY=VALUE"),
        ("report.title=A & B", """give 'report.title="A & B"'"""),
        ("", "an empty argument"),
    ],
)
def test_one_line_escapes_line_breaks(nnbench: Run, word: str, says: str) -> None:
    said = nnbench(word, "dry_run=true")
    (line,) = said.err.splitlines()
    assert said.status == 2
    assert says in line
    assert line.isprintable()
    assert len(line) < 1000


def test_letters_beyond_ascii_need_no_quotes(nnbench: Run) -> None:
    said = nnbench("-m", "study=café", "optimizer.name=优化器,ü", "dry_run=true")
    assert (said.status, said.err) == (0, "")
    assert [line.split()[1] for line in said.out.splitlines()] == ["优化器", "ü"]


def test_the_number_of_custom_styles() -> None:
    assert len(MISTAKES) >= 60


def test_a_traceback_on_request(nnbench: Run) -> None:
    with pytest.raises(UserError, match="learning_rate=-1"):
        nnbench("-m", "optimizer.learning_rate=-1,1", full_error=True)


@pytest.mark.heavy
@pytest.mark.parametrize("question", ["--help", "--version"])
def test_a_closed_pipe_is_not_an_error(question: str) -> None:
    command = [sys.executable, "-m", "nnbench", question]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # as `head` does
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize("show", ["--cfg=job", "-c=job", "--cfg=hydra", "--info=config"])
def test_the_config_that_hydra_shows_has_no_password(nnbench: Run, show: str) -> None:
    said = nnbench("tracking.uri=postgresql://bob:SECRET@host/db", "seed=7", *show.split("="))
    assert "SECRET" not in said.out + said.err
    assert "postgresql://***@host/db" in said.out
    assert "seed" in said.out
