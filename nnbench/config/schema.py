"""Typed schema of the configuration, with the range of each value. `conf/` has the values, `validate` checks them.

This module imports no large library, so that a worker that unpickles a config starts fast.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Interval, Len

from nnbench.config.choice import Choice, Section
from nnbench.core.constraints import Count, Fraction, Index, NonNegative, Positive, Share
from nnbench.core.keys import ADDED, LEADING, NOT_NUMBERS, SUBJECT, TASK, hyperparameter, short_name

if TYPE_CHECKING:
    from nnbench.datasets import Dataset
    from nnbench.optimizers import Optimizer
    from nnbench.schedules import Schedule

Label = Annotated[str, Len(1, 60)]
Activation = Literal["identity", "relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu"]
Initial = Literal["normal", "glorot", "he", "orthogonal"]


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig(Choice["Optimizer"]):
    """An optimizer with its hyperparameters.

    Attributes:
        name: label in tables and figures; by convention the name of its YAML file.
        algorithm: a module in `nnbench/optimizers`, or the import path of a user's class, `package.module:Class`.
    """

    CLASS_KEY = SUBJECT.class_field
    name: Label
    algorithm: str

    @staticmethod
    def find(name: str) -> "type[Optimizer]":
        from nnbench import optimizers  # not at the top: NumPy takes 0.1 s to import, and `--help` does not need it

        return optimizers.find(name)


@dataclass(frozen=True, kw_only=True)
class DatasetConfig(Choice["Dataset"]):
    """A dataset with its options.

    Attributes:
        name: a module in `nnbench/datasets`, or the import path of a user's class, `package.module:Class`.
        redraw: draw new points for each seed; otherwise every seed uses those of seed 0.
    """

    CLASS_KEY = TASK.class_field
    name: str
    redraw: bool

    @staticmethod
    def find(name: str) -> "type[Dataset]":
        from nnbench import datasets

        return datasets.find(name)


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig(Choice["Schedule"]):
    """A schedule of the learning rate with its settings.

    Attributes:
        name: a module in `nnbench/schedules`, or the import path of a user's class, `package.module:Class`.
    """

    CLASS_KEY = "name"
    name: str

    @staticmethod
    def find(name: str) -> "type[Schedule]":
        from nnbench import schedules

        return schedules.find(name)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Section):
    """Layers of the network and their initial weights; biases start at zero.

    Attributes:
        hidden: widths of the hidden layers; without any, the model is linear.
        activation: of the hidden layers, see `nnbench.nn.activations`.
        initial: distribution of the initial weights, see `nnbench.nn.initializers`.
        initial_scale: standard deviation of initial weights that are `normal`; without effect on others.
        dropout: share of the hidden activations that are dropped in training.
    """

    hidden: list[Count]
    activation: Activation
    initial: Initial = "normal"
    initial_scale: Annotated[float, Interval(gt=0, le=1000)]
    dropout: Fraction = 0.0


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Section):
    """Length and arithmetic of the training.

    Attributes:
        epochs: passes over the training points; epoch 0 is measured before any update.
        batch_size: points in a mini-batch, whose order is drawn for each epoch; null for all points in each step, as with a
            size above their number.
        dtype: of points, weights and optimizer state.
        iterations_per: unit of the iteration count: a `step` or, as in the notebook, the update of a `layer`.
        weight_decay: decoupled weight decay, see `nnbench.training.regularization`, as the next three.
        l2: coefficient of the L2 penalty.
        decay_biases: apply both to biases too.
        clip_norm: largest norm of all gradients together; null for no clipping.
        stop_at_accuracy: training accuracy at which training stops; null for no early stop.
        checkpoints: epochs at which the decision boundary is saved.
    """

    epochs: Count
    batch_size: Count | None = None
    dtype: Literal["float32", "float64"]
    iterations_per: Literal["step", "layer"]
    weight_decay: NonNegative = 0.0
    l2: NonNegative = 0.0
    decay_biases: bool = False
    clip_norm: Positive | None = None
    stop_at_accuracy: Share | None
    checkpoints: list[Index]


@dataclass(frozen=True, kw_only=True)
class DrawsConfig(Section):
    """Source of random numbers.

    Attributes:
        kind: `streams` uses separate streams for data and weights, so that runs of different optimizers are paired by
            seed; `chain` uses the notebook's single RandomState, from which the runs in `chain` draw one after another.
        chain: optimizer names in the order of the notebook's runs.
    """

    kind: Literal["streams", "chain"]
    chain: list[str]


@dataclass(frozen=True, kw_only=True)
class SourceConfig(Section):
    """Digests of the source code that determines the results; set by `validate.parse`. See `nnbench.config.source`.

    Attributes:
        optimizer: of the optimizer's class and the modules that it imports.
        dataset: likewise; each section of Config with a class has its digest here, under the section's name.
        nnbench: of the modules that every run uses.
    """

    optimizer: str
    schedule: str
    dataset: str
    nnbench: str


@dataclass(frozen=True, kw_only=True)
class TrackingConfig(Section):
    """Where runs are stored.

    Attributes:
        uri: any MLflow tracking URI.
        artifacts: folder of artifacts, for a store whose client chooses it; null for the server's.
        spool: folder of runs that have not been sent to the tracking server yet.
        patience: seconds to wait for a tracking server that does not answer.
    """

    uri: Annotated[str, Len(1)]
    artifacts: Annotated[str, Len(1)] | None
    spool: Annotated[str, Len(1)] = "results/spool"
    patience: Positive = 120.0


@dataclass(frozen=True, kw_only=True)
class ReportConfig(Section):
    """Report at the end of a sweep; without pages, none is made.

    Attributes:
        title: of the document.
        pages: in the order of the document.
        targets: accuracies for which the time to target is reported.
        folder: output folder of `<study>/report.pdf`.
    """

    title: str
    pages: list[str]
    targets: list[Share]
    folder: Annotated[str, Len(1)]


@dataclass(frozen=True, kw_only=True)
class TuningConfig(Section):
    """Search of the sweepers `two_stage` and `tpe` for the best setting of an optimizer; not part of a run.

    Attributes:
        sampler: method of drawing configs from a space, see `nnbench.tuning.space`; for `tpe`, `nnbench.tuning.search`.
        configs: number of configs for each optimizer.
        seeds: seeds on which `two_stage` trains each config; the final runs use others.
        sampler_seed: seed of the sampler; the results of a run do not depend on it.
    """

    sampler: Literal["halton", "random", "grid", "tpe"]
    configs: Count
    seeds: Annotated[list[Index], Len(1)]
    sampler_seed: Index


@dataclass(frozen=True, kw_only=True)
class LauncherConfig(Section):
    """Parallel execution of a sweep on this machine, `hydra.launcher`; not part of a run.

    Attributes:
        workers: number of worker processes; null for one per processor.
        timeout: seconds after which a job is killed and counts as failed; null for no limit.
    """

    workers: Annotated[int, Interval(ge=1, le=1024)] | None
    timeout: Positive | None


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """Complete configuration of one training run.

    Attributes:
        problem: name of the preset in `conf/problem` that was chosen, a part of the task; null for none.
    """

    study: Annotated[str, Len(1, 200)]
    seed: Index
    resume: bool
    fail_fast: bool
    dry_run: bool
    dataset: DatasetConfig
    network: NetworkConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    training: TrainingConfig
    draws: DrawsConfig
    tracking: TrackingConfig
    report: ReportConfig
    problem: Label | None = None

    source: SourceConfig

    @cached_property
    def identity(self) -> str:
        """Digest of `numbers`, equal for equal runs."""
        return _digest(self.numbers())

    @cached_property
    def configuration(self) -> str:
        """Digest of `numbers` without seed and source, equal for the runs of one setting."""
        return _digest({key: value for key, value in self.numbers().items() if key not in ("seed", "source")})

    def nested(self) -> dict[str, Any]:
        """Return the config as a nested dictionary, in the form of its YAML files."""
        sections = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "source"}
        if self.problem is None:
            del sections["problem"]
        return asdict(_Tree({name: _merged(section) for name, section in sections.items()}))["sections"]  # type: ignore[no-any-return]

    def numbers(self) -> dict[str, Any]:
        """Return all that determines the results: `nested` without `NOT_NUMBERS`, and the source digests."""
        tree = self.nested()
        for path in NOT_NUMBERS:
            section, _, key = path.rpartition(".")
            del (tree[section] if section else tree)[key]
        for path, value in ADDED.items():
            section, _, key = path.rpartition(".")
            if tree[section].get(key) == value:
                del tree[section][key]
        if self.draws.kind == "streams":
            del tree["draws"]["chain"]
        empty = [name for name, section in tree.items() if section == {}]  # a group that was added
        source = {name: digest for name, digest in asdict(self.source).items() if name not in empty}
        return {**{name: section for name, section in tree.items() if name not in empty}, "source": source}

    @property
    def choices(self) -> dict[str, Choice[Any]]:
        """The sections whose class is chosen by name."""
        return {name: getattr(self, name) for name in choice_sections()}

    def leaves(self) -> dict[str, Any]:
        """Return the leaves by dotted key; a list is a leaf."""
        return dict(flatten(self.nested()))

    @property
    def run_name(self) -> str:
        """Short name such as `adam lr=0.05 seed=3`."""
        values = {key: self.optimizer.values.get(hyperparameter(key)) for key in LEADING}  # an optimizer may have none of them
        shown = [
            f"{short_name(key)}={value:g}" if isinstance(value, int | float) else f"{short_name(key)}={value}"
            for key, value in values.items()
            if value is not None
        ]
        return " ".join([self.optimizer.name, *shown, f"seed={self.seed}"])


@cache
def choice_sections() -> dict[str, type[Choice[Any]]]:
    """Return the sections of `Config` whose class is chosen by name."""
    kinds = {name: kind for name, kind in get_type_hints(Config).items() if isinstance(kind, type)}
    return {name: kind for name, kind in kinds.items() if issubclass(kind, Choice)}


@dataclass(frozen=True)
class _Tree:
    """Nested data, which `asdict` copies."""

    sections: dict[str, Any]


def _merged(section: Any) -> Any:
    """The keys of a section with a class and the fields of the instance, side by side as in YAML; another section as it is."""
    return {**section.keys(), **section.values} if isinstance(section, Choice) else section


def _digest(tree: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def text_keys() -> dict[str, tuple[type, ...]]:
    """Return the dotted keys whose values are strings, or optional strings, with their types."""
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
    """Yield the leaves of nested mappings as (dotted key, value)."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
