"""Sections of the configuration, with the range of each value. `schema.Config` holds them, `conf/` has the values.

This module imports no large library, so that a worker that unpickles a config starts fast.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Interval, Len

from nnbench.config.choice import Choice, Section
from nnbench.core.constraints import Count, Fraction, Index, Needs, NonNegative, Positive, Share
from nnbench.core.keys import SUBJECT, TASK, RankBy, Unit

if TYPE_CHECKING:
    from nnbench.datasets import Dataset
    from nnbench.optimizers import Optimizer
    from nnbench.schedules import Schedule

Label = Annotated[str, Len(1, 60)]
Activation = Literal["identity", "relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu"]
Initial = Literal["normal", "glorot", "he", "orthogonal"]
BudgetUnit = Literal["epochs", "steps", "gradient_evaluations"]


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
    activation: Annotated[Activation, Needs("hidden")]
    initial: Initial = "normal"
    initial_scale: Annotated[float, Interval(gt=0, le=1000), Needs("initial", values=("normal",))]
    dropout: Annotated[Fraction, Needs("hidden")] = 0.0


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Section):
    """Length and arithmetic of the training.

    Attributes:
        epochs: passes over the training points; epoch 0 is measured before any update. Without effect if there is a budget.
        budget: what may be spent on updates, see `nnbench.training.budget`; null for the length that `epochs` has. Runs with
            different budgets are not ranked against each other.
        budget_unit: unit of the budget. On the full batch, 100 epochs are 100 steps, and `epochs` = 101.
        batch_size: points in a mini-batch, whose order is drawn for each epoch; null for all points in each step, as with a
            size above their number.
        dtype: of points, weights and optimizer state.
        iterations_per: unit of the iteration count: a `step` or, as in the notebook, the update of a `layer`.
        weight_decay: decoupled weight decay, see `nnbench.training.regularization`, as the next three.
        l2: coefficient of the L2 penalty.
        decay_biases: apply both to biases too.
        clip_norm: largest norm of all gradients together; null for no clipping.
        stop_at_accuracy: training accuracy at which training stops; null for no early stop.
        checkpoints: epochs at which the weights and the decision boundary are saved; `auto`: the weights at about 25 epochs of
            growing distance, of a small network on classes in the plane, from which reports draw the boundary over time.
    """

    epochs: Annotated[Count, Needs("budget", values=(None,))]
    budget: Count | None = None
    budget_unit: BudgetUnit = "epochs"
    batch_size: Count | None = None
    dtype: Literal["float32", "float64"]
    iterations_per: Literal["step", "layer"]
    weight_decay: NonNegative = 0.0
    l2: NonNegative = 0.0
    decay_biases: Annotated[bool, Needs("weight_decay", "l2")] = False
    clip_norm: Positive | None = None
    stop_at_accuracy: Share | None
    checkpoints: list[Index] | Literal["auto"]

    @property
    def updates(self) -> int:
        """Updates on the full batch, unless the optimizer computes gradients itself."""
        return self.epochs - 1 if self.budget is None else self.budget


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
        rank_by: what settings are ranked by: `test_measure`, the accuracy or R² on the test points after the last epoch;
            `train_loss`, the dataset's loss on the training points after the last epoch; `best_validation`, the test measure
            with the weights of the best validation epoch; or `steps_to_target`, the steps until the training accuracy or R²
            reaches the highest of `targets`.
        unit: of curves and times to a target; `auto` for epochs or, if an epoch does not cost the same for all settings,
            gradient evaluations.
        reference: name of the setting or optimizer that the others are compared with at equal budget; `auto` for sgd or, where
            there is none, the setting that ranks last.
    """

    title: str
    pages: list[str]
    targets: list[Share]
    folder: Annotated[str, Len(1)]
    rank_by: RankBy = "test_measure"
    unit: Unit | Literal["auto"]
    reference: Label = "auto"


@dataclass(frozen=True, kw_only=True)
class TuningConfig(Section):
    """Search of the sweepers `two_stage` and `tpe` for the best setting of an optimizer; not part of a run.

    Attributes:
        sampler: method of drawing configs from a space, see `nnbench.tuning.space`; for `tpe`, `nnbench.tuning.search`.
        configs: number of configs that a search of an optimizer tries.
        searches: number of independent searches of each optimizer by `two_stage`, each with its own configs, seeds and choice.
        seeds: seeds on which `two_stage` trains each config of the first search; the others use the seeds that follow, as
            `tuning.contender.search_seeds` has it, and the final runs use others.
        sampler_seed: number from which the seed of the sampler of each search on each task is derived, see
            `tuning.contender.search_sampler_seed`; the results of a run do not depend on it.
        common_configs: whether the searches of an optimizer try the same configs on all tasks; else each task has its own, so
            that a lucky config on one problem is no luck on another.
        defaults: whether `two_stage` runs the default setting of each optimizer on the final seeds too.
    """

    sampler: Literal["halton", "random", "grid", "tpe"]
    configs: Count
    searches: Count
    seeds: Annotated[list[Index], Len(1)]
    sampler_seed: Index
    common_configs: bool
    defaults: bool
