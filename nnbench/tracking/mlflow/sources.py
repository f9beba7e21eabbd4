"""Source files as artifacts: `sources/DIGEST/my/opts.py` of a sweep's own run or of a single run."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException

from nnbench.core.redaction import redacted
from nnbench.records.rows import Row, is_safe_id
from nnbench.records.versions import TAGS
from nnbench.tracking.mlflow.artifact_files import artifact_folder
from nnbench.tracking.mlflow.store import Store
from nnbench.tracking.run_spec import Sources

FOLDER = "sources"
LONGEST = 200_000  # characters of a file that are read


def write_sources(folder: Path, sources: Sources) -> None:
    """Write sources into a folder of artifacts, with passwords redacted."""
    for digest, files in sources.items():
        for name, text in files.items():
            path = folder / FOLDER / digest / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(redacted(text), encoding="utf-8")


Digests = tuple[str, ...]  # of a run: the id of its sweep or its own, and the digest of each source of `TAGS`


def digests_by_run(rows: Iterable[Row]) -> dict[str, Digests]:
    """Return what `read_source` needs to know of each run, by its id; runs of a sweep share it."""
    known: dict[Digests, Digests] = {}
    found = {}
    for row in rows:
        own = (row.tags.get("nnbench.sweep_id", row.run_id), *(row.tags.get(tag, "") for tag in TAGS.values()))
        found[row.run_id] = known.setdefault(own, own)
    return found


def read_source(store: Store, experiment: Experiment, runs: Mapping[str, Digests], run_id: str) -> dict[str, str]:
    """The source files that produced a run, text by path, as described in `Study.source`.

    Args:
        store: holds the study.
        experiment: the study.
        runs: its runs, from `digests_by_run`.
        run_id: of the run.
    """
    sweep_id, *digests = runs[run_id]
    found: dict[str, str] = {}
    holders = [sweep_id, run_id]  # the run itself, if its sweep's run could not store them
    for name, digest in zip(TAGS, digests, strict=True):
        if all(map(is_safe_id, holders)) and is_safe_id(digest):
            files = next(filter(None, (_read(store, experiment, holder, digest) for holder in holders)), {})
            found |= {f"{name}/{path}": text for path, text in files.items()}
    return found


def _read(store: Store, experiment: Experiment, run_id: str, digest: str) -> dict[str, str]:
    folder = artifact_folder(store, experiment, run_id)
    if folder is not None:
        return _texts(folder / FOLDER / digest)
    with TemporaryDirectory() as temporary:
        try:
            path = store.call(partial(store.client.download_artifacts, run_id, f"{FOLDER}/{digest}", temporary))
        except (MlflowException, OSError):  # the server has none
            return {}
        return _texts(Path(path))


def _texts(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*.py") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")[:LONGEST] for path in files
    }
