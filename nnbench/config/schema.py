"""The typed schema: every choice a user can make, with its range. `conf/` holds the values, `validation` does the checks.

No library is needed to hold a config, so that a worker that unpickles one starts fast.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Gt, Interval, Len

from nnbench.core.constraints import Count, Index, Positive
from nnbench.core.keys import NOT_NUMBERS

Share = Annotated[float, Gt(0), Interval(le=1)]
Label = Annotated[str, Len(1, 60)]


class Section:
    """A part of the config: unknown keys, non-finite numbers and silent conversions are refused."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "allow_inf_nan": False, "strict": True}


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig(Section):
    """Which optimizer, and with what.

    Attributes:
        name: what tables and figures call it; by custom the name of its YAML.
        algorithm: a file in `nnbench/optimizers`, or the import path of one's own class, `package.module:Class`.
        hyperparameters: all of the class's fields, the defaults included.
    """

    name: Label
    algorithm: str
    hyperparameters: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DatasetConfig(Section):
    """Which points.

    Attributes:
        name: a file in `nnbench/datasets`.
        redraw: draw the points anew for each seed; otherwise every seed sees those of seed 0.
        options: all of the class's fields, the defaults included.
    """

    name: str
    redraw: bool
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Section):
    """Hidden layers, their activation, and the standard deviation of the initial weights (biases start at zero)."""

    hidden: Annotated[list[Count], Len(1)]
    activation: Literal["relu", "tanh"]
    initial_scale: Annotated[float, Interval(gt=0, le=1000)]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Section):
    """How long and how.

    Attributes:
        epochs: passes over the training points; epoch 0 is measured before any update.
        dtype: of points, weights and optimizer state.
        iterations_per: what an optimizer's iteration count counts, a `step` or, as in the notebook, a `layer`'s update.
        stop_at_accuracy: end once the training accuracy reaches it; null never does.
        checkpoints: epochs whose decision boundary is kept.
    """

    epochs: Count
    dtype: Literal["float32", "float64"]
    iterations_per: Literal["step", "layer"]
    stop_at_accuracy: Share | None
    checkpoints: list[Index]


@dataclass(frozen=True, kw_only=True)
class DrawsConfig(Section):
    """Where random numbers come from.

    Attributes:
        kind: `streams` gives data and weights a stream each, so that runs pair by seed across optimizers;
            `chain` is the notebook's one RandomState, from which the runs named in `chain` draw one after another.
        chain: optimizer names in the order of the notebook's runs.
    """

    kind: Literal["streams", "chain"]
    chain: list[str]


@dataclass(frozen=True, kw_only=True)
class SourceConfig(Section):
    """Which source decides the numbers, as digests; found by `validation.parse`, never given. See `nnbench.config.source`.

    Attributes:
        optimizer: of the optimizer's class, with what it imports.
        dataset: of the dataset's.
        nnbench: of what decides the numbers of every run.
    """

    optimizer: str
    dataset: str
    nnbench: str


@dataclass(frozen=True, kw_only=True)
class TrackingConfig(Section):
    """Where runs are kept.

    Attributes:
        uri: any MLflow tracking URI.
        artifacts: the folder of artifacts for a store that leaves the choice to its client; null for a server's own.
        sweep_id: the sweep that a run belongs to, set by the sweep for jobs that track themselves.
        stage: of a study that tunes first, set by the sweep: a report compares no runs of the `tuning` stage.
        spool: the folder where runs wait that a tracking server has not been told of yet.
        patience: seconds to wait for a tracking server that has gone away.
    """

    uri: Annotated[str, Len(1)]
    artifacts: Annotated[str, Len(1)] | None
    sweep_id: str | None = None
    stage: Literal["tuning", "final"] | None = None
    spool: Annotated[str, Len(1)] = "results/spool"
    patience: Positive = 120.0


@dataclass(frozen=True, kw_only=True)
class ReportConfig(Section):
    """What is drawn at the end of a sweep. No pages, no report.

    Attributes:
        title: of the document.
        pages: figures in the order of the document.
        targets: accuracies whose time to reach is told.
        folder: receives `<study>/report.pdf`.
    """

    title: str
    pages: list[str]
    targets: list[Share]
    folder: Annotated[str, Len(1)]


@dataclass(frozen=True, kw_only=True)
class TuningConfig(Section):
    """How the sweepers `two_stage` and `tpe` look for the best setting of an optimizer. No part of a run.

    Attributes:
        sampler: how configs are drawn from a declared space; see `nnbench.tuning.space`, for `tpe` `nnbench.tuning.search`.
        configs: how many for each optimizer.
        seeds: on which `two_stage` tries each config; none of them is among those that the report rests on.
        sampler_seed: of the draw of configs; a run's own numbers do not depend on it.
    """

    sampler: Literal["halton", "random", "grid", "tpe"]
    configs: Count
    seeds: Annotated[list[Index], Len(1)]
    sampler_seed: Index


@dataclass(frozen=True, kw_only=True)
class LauncherConfig(Section):
    """How a sweep is run on this machine: `hydra.launcher`. No part of a run.

    Attributes:
        workers: processes at once; null for one a processor.
        timeout: seconds after which a job is ended and counts as failed; null waits for ever.
    """

    workers: Annotated[int, Interval(ge=1, le=1024)] | None
    timeout: Positive | None


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """One training run, in full."""

    study: Annotated[str, Len(1, 200)]
    seed: Index
    resume: bool
    fail_fast: bool
    dry_run: bool
    dataset: DatasetConfig
    network: NetworkConfig
    optimizer: OptimizerConfig
    training: TrainingConfig
    draws: DrawsConfig
    tracking: TrackingConfig
    report: ReportConfig

    source: SourceConfig

    @cached_property
    def identity(self) -> str:
        """What makes this run the same as another: a digest of `numbers`."""
        return _digest(self.numbers())

    @cached_property
    def configuration(self) -> str:
        """The same for the runs of one setting: a digest of `numbers` without the seed and the source."""
        return _digest({key: value for key, value in self.numbers().items() if key not in ("seed", "source")})

    def nested(self) -> dict[str, Any]:
        """The config as its YAML would say it."""
        tree = asdict(self)
        del tree["source"]
        tree["optimizer"].update(tree["optimizer"].pop("hyperparameters"))
        tree["dataset"].update(tree["dataset"].pop("options"))
        return tree

    def numbers(self) -> dict[str, Any]:
        """What decides the numbers, which the identity is made of: part of `nested`, and the source."""
        tree = self.nested()
        for around in NOT_NUMBERS:
            section, _, key = around.rpartition(".")
            del (tree[section] if section else tree)[key]
        if self.draws.kind == "streams":
            del tree["draws"]["chain"]
        return {**tree, "source": asdict(self.source)}

    def leaves(self) -> dict[str, Any]:
        """Every leaf under its dotted name; a list is a leaf."""
        return dict(flatten(self.nested()))

    @property
    def run_name(self) -> str:
        """The run as a person would say it, such as `adam lr=0.05 seed=3`."""
        rate = self.optimizer.hyperparameters.get("learning_rate")  # an optimizer of one's own may have none
        told = "" if rate is None else f" lr={rate:g}" if isinstance(rate, int | float) else f" lr={rate}"
        return f"{self.optimizer.name}{told} seed={self.seed}"


def _digest(tree: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def text_keys() -> dict[str, tuple[type, ...]]:
    """The keys of a config that hold text, by their dotted names, with the types that a value may have: also None, perhaps."""
    return dict(_text_keys(Config, ""))


def _text_keys(section: type[Any], prefix: str) -> Iterator[tuple[str, tuple[type, ...]]]:
    for name, kind in get_type_hints(section).items():
        if isinstance(kind, type) and is_dataclass(kind):
            yield from _text_keys(kind, f"{prefix}{name}.")
        options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
        kinds = {str if get_origin(option) is Literal else option for option in options}
        if str in kinds and kinds <= {str, NoneType}:
            yield f"{prefix}{name}", tuple(kinds)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings as (dotted key, value)."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
