"""Tags of the runs that a writer writes: where they come from, and what they are."""

from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE, MLFLOW_USER

from nnbench.records.rows import CONFIG_FILE, CONFIG_TAG, SUBMISSION_TAG
from nnbench.tracking.mlflow.ui import notes
from nnbench.tracking.provenance import provenance, user
from nnbench.tracking.run_spec import LONGEST_TAG, RunSpec

COLOUR = "mlflow.runColor"


def origin_tags(command: str, threads: int, writer: str) -> dict[str, str]:
    """Return the tags of all runs of a writer: command, machine, versions and user.

    Args:
        command: the command line, without passwords.
        threads: BLAS threads of a run.
        writer: the token of the writer's lock.
    """
    origin = {**provenance(), "threads": str(threads), "command": command}
    tags = {f"nnbench.{key}": notes.truncate(value, LONGEST_TAG) for key, value in origin.items()} | {
        "nnbench.writer": writer,
        MLFLOW_USER: user(),
        MLFLOW_SOURCE_NAME: "python -m nnbench",
        MLFLOW_SOURCE_TYPE: "LOCAL",
    }
    return tags | ({MLFLOW_GIT_COMMIT: origin["commit"]} if "commit" in origin else {})


def training_tags(job: RunSpec, sweep_id: str | None, colour: str | None) -> dict[str, str]:
    """Return the tags of a training run, in a sweep or outside any, with a colour for MLflow's tables or none."""
    return {
        "nnbench.kind": "training",
        "nnbench.identity": job.identity,
        "nnbench.optimizer": job.optimizer,
        **({"nnbench.configuration": job.configuration} if job.configuration else {}),
        **job.sources,
        CONFIG_TAG: job.record if len(job.record) <= LONGEST_TAG else CONFIG_FILE,
        **({"nnbench.sweep_id": sweep_id} if sweep_id else {}),
        **({"nnbench.stage": job.stage} if job.stage else {}),
        **({SUBMISSION_TAG: job.submission} if job.submission else {}),
        **({COLOUR: colour} if colour else {}),
    }
