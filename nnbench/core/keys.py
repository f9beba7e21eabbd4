"""Roles of the config's groups and keys: which determine the numbers of a run, are hyperparameters, or appear in labels.

To sweep, tune and show the fields of another group, add it to `GROUPS`.
"""

from dataclasses import dataclass
from typing import Literal

# What settings are ranked by, the values of `report.rank_by`; see `config.sections.ReportConfig`.
RankBy = Literal["test_measure", "train_loss", "best_validation", "steps_to_target"]
# Unit of curves and times in a report, the values of `report.unit`.
Unit = Literal["epochs", "steps", "gradient_evaluations", "seconds"]
AUTO: Literal["auto"] = "auto"  # value of an option that the report decides


@dataclass(frozen=True, kw_only=True)
class Group:
    """A config group whose fields distinguish settings or tasks.

    Attributes:
        name: its section of the config, such as `optimizer`.
        class_field: field that names the class of the chosen option, which may be a user's own; empty if there is none.
        source: column of `Study.runs` that holds the digest of that class's source; empty if there is none.
    """

    name: str
    class_field: str = ""
    source: str = ""

    @property
    def class_key(self) -> str:
        """Dotted key of `class_field`; empty if there is none."""
        return self.class_field and f"{self.name}.{self.class_field}"


# The group that a study compares: each setting is labelled by its option, and shows its fields without the group's name.
SUBJECT = Group(name="optimizer", class_field="algorithm", source="source")
LABEL = f"{SUBJECT.name}.name"
# Groups whose fields are hyperparameters: runs with different values have different settings.
GROUPS = (
    SUBJECT,
    Group(name="schedule", class_field="name", source="schedule_source"),
    Group(name="network"),
    Group(name="training"),
)
# The group that defines the task: runs of different tasks are not ranked against each other.
TASK = Group(name="dataset", class_field="name", source="dataset_source")
# Key of the preset of a run's task and network, which is part of the task; not set if none was chosen.
PROBLEM = "problem"
# Keys of what a run may spend, which are part of the task: what was reached with different budgets is not ranked.
BUDGET, BUDGET_UNIT = "training.budget", "training.budget_unit"
# Hyperparameters that a run's name shows even if they do not vary, and that pages draw first.
LEADING = (f"{SUBJECT.name}.learning_rate",)
ABBREVIATIONS = {"learning_rate": "lr", "training.budget": "budget", "training.budget_unit": "unit"}

# Key that names a class -> column of the digest of its source.
CLASSES = {group.class_key: group.source for group in (*GROUPS, TASK) if group.source}
# Name of a part of the code that determines a run's numbers -> column of the digest of its source.
SOURCES = {group.name: group.source for group in (*GROUPS, TASK) if group.source} | {"nnbench": "code"}

# Sections and keys that only name, store or display a run, and cannot change its numbers.
NOT_NUMBERS = ("study", "resume", "fail_fast", "dry_run", "tracking", "report", "training.checkpoints")
STORAGE = ("tracking", "report", "mlflow")  # sections about storage and display; MLflow's own parameters
# Keys that were added later, with the value that does not change the training: with it they are left out of digests, so that
# the digests of earlier runs stay the same.
ADDED = {
    "optimizer.nesterov": False,
    "optimizer.rate_scales": "gradient",
    "schedule.name": "constant",
    "network.initial": "normal",
    "network.dropout": 0.0,
    "training.budget": None,
    "training.budget_unit": "epochs",
    "training.batch_size": None,
    "training.weight_decay": 0.0,
    "training.l2": 0.0,
    "training.decay_biases": False,
    "training.clip_norm": None,
}
NOT_SETTING = (*NOT_NUMBERS, *STORAGE, "seed", LABEL)


def is_within(key: str, sections: tuple[str, ...]) -> bool:
    """Whether a dotted key is one of `sections` or lies below one."""
    return any(key == section or key.startswith(f"{section}.") for section in sections)


def is_config_key(column: str) -> bool:
    """Whether a column of `Study.runs` is a dotted key of the config, and not a measure such as `epochs_to/0.80`."""
    return "." in column and "/" not in column


def is_part_of_setting(key: str) -> bool:
    """Whether two runs of one setting must agree in the value of this key."""
    return not is_within(key, NOT_SETTING)


def is_part_of_task(key: str) -> bool:
    """Whether two runs of one task must agree in the value of this key."""
    return key in (PROBLEM, BUDGET, BUDGET_UNIT) or key.startswith(f"{TASK.name}.")


def is_hyperparameter(key: str) -> bool:
    """Whether a dotted key is a field of one of `GROUPS` that can vary among the settings of one optimizer."""
    of_group = any(key.startswith(f"{group.name}.") for group in GROUPS)
    return of_group and is_part_of_setting(key) and key not in (SUBJECT.class_key, BUDGET, BUDGET_UNIT)


def is_of_subject(key: str) -> bool:
    """Whether a dotted key is a field of the group that a study compares."""
    return key.startswith(f"{SUBJECT.name}.")


def hyperparameter(key: str) -> str:
    """Name of a hyperparameter from its dotted key: `learning_rate`, but `network.hidden`."""
    group, _, field = key.rpartition(".")
    return field if group == SUBJECT.name else key


def key_of(hyperparameter: str) -> str:
    """Dotted key of a hyperparameter from its name, the inverse of `hyperparameter`."""
    has_group = any(hyperparameter.startswith(f"{group.name}.") for group in GROUPS)
    return hyperparameter if has_group else f"{SUBJECT.name}.{hyperparameter}"


def short_name(key: str) -> str:
    """Name of a dotted key in labels: `lr`, `momentum`, `network.hidden`, `schedule` for the key that names its class."""
    for group in GROUPS:
        if key == group.class_key != SUBJECT.class_key:
            return group.name
    name = hyperparameter(key)
    return ABBREVIATIONS.get(name, name)
