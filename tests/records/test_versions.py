"""Which runs may be compared when a study holds several versions of its code."""

from collections.abc import Mapping

from nnbench.records.rows import Row
from nnbench.records.versions import REQUESTED, TAGS, split

OPTIMIZER, SCHEDULE, DATASET, CODE = (TAGS[name] for name in ("optimizer", "schedule", "dataset", "nnbench"))
KNOWN = {OPTIMIZER: "s", SCHEDULE: "l", DATASET: "d", CODE: "c"}


def _row(run_id: str, started: int, tags: Mapping[str, str], *, optimizer: str = "lion", schedule: str = "") -> Row:
    params = {"optimizer.algorithm": optimizer, "dataset.name": "spiral"}
    if schedule:
        params["schedule.name"] = schedule
    return Row(run_id=run_id, name=run_id, status="FINISHED", started=started, params=params, tags=dict(tags))


def _kept(*rows: Row) -> str:
    current, earlier = split(rows)
    assert sorted(row.run_id for row in [*current, *earlier]) == sorted(row.run_id for row in rows)
    return "".join(row.run_id for row in current)


def test_one_version_is_kept_whole() -> None:
    assert _kept(_row("a", 0, KNOWN), _row("b", 1, KNOWN)) == "ab"
    assert _kept(_row("a", 0, {}), _row("b", 1, {})) == "ab", "in a store of the first edition"
    assert _kept() == ""


def test_the_newest_is_kept() -> None:
    old, new = _row("a", 0, KNOWN), _row("b", 1, {**KNOWN, OPTIMIZER: "t"})
    assert _kept(old, new) == _kept(new, old) == "b"
    assert _kept(old, _row("b", 1, {**KNOWN, CODE: "t"})) == "b"


def test_the_newest_version_is_the_last_requested() -> None:
    assert _kept(_row("a", 0, {**KNOWN, REQUESTED: "5"}), _row("b", 1, {**KNOWN, OPTIMIZER: "t"}), _row("c", 0, KNOWN)) == "ac"
    assert _kept(_row("a", 0, {**KNOWN, REQUESTED: "9" * 400}), _row("b", 1, {**KNOWN, OPTIMIZER: "t"})) == "b"


def test_runs_of_unknown_source_are_older() -> None:
    assert _kept(_row("a", 9, {}), _row("b", 1, KNOWN)) == "b"


def test_the_source_of_another_optimizer_is_unchanged() -> None:
    other = _row("a", 0, {**KNOWN, OPTIMIZER: "o"}, optimizer="sgd")
    assert _kept(other, _row("b", 1, KNOWN)) == "ab"
    assert _kept(_row("a", 0, {}, optimizer="sgd"), _row("b", 1, KNOWN)) == "ab"


def test_an_edited_dataset_excludes_the_runs_of_all_optimizers() -> None:
    other = _row("a", 0, {**KNOWN, OPTIMIZER: "o"}, optimizer="sgd")
    assert _kept(other, _row("b", 1, {**KNOWN, DATASET: "e"})) == "b"


def test_runs_made_before_there_were_schedules_are_earlier_runs_of_the_constant_one() -> None:
    before = _row("a", 0, {key: value for key, value in KNOWN.items() if key != SCHEDULE})
    constant, cosine = _row("b", 1, KNOWN, schedule="constant"), _row("c", 2, {**KNOWN, SCHEDULE: "k"}, schedule="cosine")
    assert _kept(before, constant, cosine) == "bc"
    assert _kept(before, cosine) == "ac", "no later run has a constant rate"
    assert _kept(_row("d", 10, {}), before) == "a", "the first edition's sources are not known"
