"""A claim about two settings of a study: stated in the store, then tested on seeds that the study has not used.

The claim and its runs are a study of their own, named after the first with the suffix `-claims`, so that the seeds are not
part of the study. A claim is written to the sweep's own run before its first training run starts. The same request finds it
again, and gives the same answer from the same runs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from nnbench.config.schema import Config
from nnbench.config.validate import parse
from nnbench.core.errors import UserError
from nnbench.records.claims import CLAIM, RESULT, SUFFIX, Claim
from nnbench.records.measure import Measure
from nnbench.records.rows import CONFIG_TAG, Row, has_record
from nnbench.stats.claim import Outcome, check_claim
from nnbench.stats.diverged import worst
from nnbench.stats.signed_rank import difference
from nnbench.sweep.executors.base import Executor
from nnbench.sweep.job import Job
from nnbench.sweep.recorder import open_study
from nnbench.sweep.sweep import Sweep

UNTIL = 2**31  # seeds of claims are below


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a claim.

    Attributes:
        claim: as it was stated before its runs.
        outcome: of its test.
        failed: runs that failed, whose seeds count against the claim.
        repeated: whether all runs were there before.
        earlier: claims about the same two settings that were stated before this one.
    """

    claim: Claim
    outcome: Outcome
    failed: int
    repeated: bool
    earlier: int


def make_trees(rows: Sequence[Row], run_ids: Sequence[str], config: Config) -> list[dict[str, Any]]:
    """Return the configs of runs as nested data, with the study of claims and the store of `config`.

    Raises:
        UserError: the store does not have the config of a run, as those of the first edition.
    """
    stored = {row.run_id: row.tags for row in rows}
    found = []
    for run_id in run_ids:
        tags = stored.get(run_id, {})
        if not has_record(tags):
            raise UserError(f"run {run_id}: its configuration is not in the store; run the study again")
        tree = json.loads(tags[CONFIG_TAG])
        now = config.nested()
        tree |= {key: now[key] for key in ("tracking", "resume", "fail_fast", "dry_run")}
        tree |= {"study": f"{config.study}{SUFFIX}", "report": {**now["report"], "pages": []}}
        found.append(tree)
    return found


def fresh_seeds(rows: Sequence[Row], claims: Sequence[Claim], number: int) -> tuple[int, ...]:
    """Return seeds above all that a study or a claim about it has used, in any stage and outcome."""
    used = [seed for row in rows if isinstance(seed := row.values.get("seed"), int)]
    used += [seed for claim in claims for seed in claim.seeds]
    first = max((seed for seed in used if seed < UNTIL), default=-1) + 1
    return tuple(range(first, first + number))


def stated_claims(rows: Sequence[Row]) -> list[tuple[str, Claim]]:
    """Return the claims of a study of claims with the ids of the sweeps that hold them, oldest first."""
    held = [(row.run_id, Claim.from_json(row.tags[CLAIM])) for row in rows if CLAIM in row.tags]
    return [(run_id, claim) for run_id, claim in held if claim is not None]


def settle(
    wanted: Claim,
    trees: Sequence[Mapping[str, Any]],
    rows: Sequence[Row],
    measure: Measure,
    executor: Executor,
    console: Console,
) -> Answer:
    """State a claim, run its seeds, and test it.

    Args:
        wanted: the claim; its seeds only say how many there are to be.
        trees: the configs of its settings.
        rows: all runs of the study.
        measure: of the claim.
        executor: trains the runs.
        console: shows the progress.
    """
    config = _configs(trees, [0])[0]
    writer = open_study(config)
    sweep = Sweep(config, writer, executor, console)
    before = stated_claims(writer.rows())
    same = next(((run_id, claim) for run_id, claim in before if claim.same_question(wanted)), None)
    claim = (
        same[1]
        if same
        else replace(wanted, seeds=fresh_seeds([*rows, *writer.rows()], [one for _, one in before], len(wanted.seeds)))
    )
    jobs = [Job(number=at, overrides=(), config=one) for at, one in enumerate(_configs(trees, claim.seeds))]
    status = "KILLED"
    home = same[0] if same else ""
    try:
        if not same:
            home = sweep.open(f"claim: {claim.first} beats {claim.second}", {"claim": claim.to_json()})
            sweep.set_tags({CLAIM: claim.to_json()})
        repeated = {job.config.identity for job in jobs} <= sweep.finished
        sweep.run(jobs, "claim")
        found = writer.rows()
        differences, failed = _differences(claim, found, jobs, measure)
        outcome = check_claim(differences, margin=claim.margin, level=claim.level)
        writer.label(home, {RESULT: json.dumps(asdict(outcome) | {"failed": failed})})
        status = "FINISHED"
    finally:
        if sweep.id is not None:
            writer.end_sweep(sweep.id, status)
    number = next((at for at, (_, one) in enumerate(before) if same and one == claim), len(before))
    earlier = sum(one.same_pair(claim) for _, one in before[:number])
    return Answer(claim=claim, outcome=outcome, failed=failed, repeated=repeated, earlier=earlier)


def _configs(trees: Sequence[Mapping[str, Any]], seeds: Sequence[int]) -> list[Config]:
    """The configs of both settings, seed by seed."""
    return [parse({**tree, "seed": seed}) for seed in seeds for tree in trees]


def _differences(
    claim: Claim, rows: Sequence[Row], jobs: Sequence[Job], measure: Measure
) -> tuple[npt.NDArray[np.float64], int]:
    """The differences by seed, positive if the first is better, and the number of failed runs.

    The seed of a failed run counts as the worst possible difference: a claim cannot be shown by what failed.
    """
    done = {row.tags.get("nnbench.identity"): row for row in rows if row.status == "FINISHED"}
    values, failed = [], 0
    for job in jobs:
        row = done.get(job.config.identity)
        failed += row is None
        values.append(np.nan if row is None else _value(row, measure))
    pairs = np.array(values).reshape(-1, 2)
    sign = 1.0 if claim.higher else -1.0
    found = sign * difference(pairs[:, 0], pairs[:, 1])
    return np.where(np.isnan(found), -np.inf, found), failed


def _value(row: Row, measure: Measure) -> float:
    if row.tags.get("nnbench.outcome") == "diverged":
        return worst(higher=measure.higher)
    return row.metrics.get(measure.key, np.nan)
