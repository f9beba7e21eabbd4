"""Which keys of a config are part of what: of the numbers of a run, of its setting, of its optimizer's hyperparameters."""

# Sections and keys that name, keep or show a run but cannot change its numbers.
NOT_NUMBERS = ("study", "resume", "fail_fast", "dry_run", "tracking", "report", "training.checkpoints")
STORAGE = ("tracking", "report", "mlflow")  # sections that say where a run is kept and shown; MLflow's own parameters
NOT_SETTING = (*NOT_NUMBERS, *STORAGE, "seed", "optimizer.name")


def is_within(key: str, sections: tuple[str, ...]) -> bool:
    """Whether a dotted key is one of `sections` or lies below one."""
    return any(key == section or key.startswith(f"{section}.") for section in sections)


def is_part_of_setting(key: str) -> bool:
    """Whether two runs of one setting must agree in the value of this key."""
    return not is_within(key, NOT_SETTING)


def is_hyperparameter(key: str) -> bool:
    """Whether a dotted key belongs to the optimizer and is neither its label nor its algorithm."""
    return key.startswith("optimizer.") and key not in ("optimizer.name", "optimizer.algorithm")
