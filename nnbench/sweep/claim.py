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
from rich.console import Console

from nnbench.config.schema import Config
from nnbench.config.validate import parse
from nnbench.core.errors import UserError
from nnbench.records.claims import CLAIM, RESULT, SUFFIX, Claim
from nnbench.records.measure import Measure
from nnbench.records.rows import Row
from nnbench.stats.claim import Outcome, check_claim
from nnbench.stats.crossed import FloatArray
from nnbench.stats.diverged import worst
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
    stored = {row.run_id: row.record for row in rows}
    found = []
    for run_id in run_ids:
        record = stored.get(run_id)
        if record is None:
            raise UserError(f"run {run_id}: its configuration is not in the store; run the study again")
        tree = json.loads(record.json)
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
    trees: Sequence[Sequence[Mapping[str, Any]]],
    rows: Sequence[Row],
    measure: Measure,
    executor: Executor,
    console: Console,
) -> Answer:
    """State a claim, run its seeds, and test it.

    Args:
        wanted: the claim; its seeds only say how many there are to be.
        trees: the configs of its two settings; of a tuned optimizer, one for each search.
        rows: all runs of the study.
        measure: of the claim.
        executor: trains the runs.
        console: shows the progress.
    """
    config = parse({**trees[0][0], "seed": 0})
    writer = open_study(config)
    sweep = Sweep(config, writer, executor, console)
    before = stated_claims(writer.rows())
    same = next(((run_id, claim) for run_id, claim in before if claim.same_question(wanted)), None)
    claim = (
        same[1]
        if same
        else replace(wanted, seeds=fresh_seeds([*rows, *writer.rows()], [one for _, one in before], len(wanted.seeds)))
    )
    configs = [[[parse({**tree, "seed": seed}) for seed in claim.seeds] for tree in side] for side in trees]
    jobs = _jobs(configs)
    status = "KILLED"
    home = same[0] if same else ""
    try:
        if not same:
            home = sweep.open(f"claim: {claim.first} beats {claim.second}", {"claim": claim.to_json()})
            sweep.set_tags({CLAIM: claim.to_json()})
        repeated = {job.config.identity for job in jobs} <= sweep.finished
        sweep.run(jobs, "claim")
        found = writer.rows()
        done = {row.tags.get("nnbench.identity"): row for row in found if row.status == "FINISHED"}
        failed = sum(job.config.identity not in done for job in jobs)
        outcome = check_claim(*_values(configs, done, measure), margin=claim.margin, level=claim.level)
        writer.label(home, {RESULT: json.dumps(asdict(outcome) | {"failed": failed})})
        status = "FINISHED"
    finally:
        if sweep.id is not None:
            writer.end_sweep(sweep.id, status)
    number = next((at for at, (_, one) in enumerate(before) if same and one == claim), len(before))
    earlier = sum(one.same_pair(claim) for _, one in before[:number])
    return Answer(claim=claim, outcome=outcome, failed=failed, repeated=repeated, earlier=earlier)


def _jobs(configs: Sequence[Sequence[Sequence[Config]]]) -> list[Job]:
    """A job for each config, seed by seed; settings that several searches chose are trained once."""
    by_seed = {
        one.identity: one
        for same_seed in zip(*(search for side in configs for search in side), strict=True)
        for one in same_seed
    }
    return [Job(number=at, overrides=(), config=one) for at, one in enumerate(by_seed.values())]


def _values(
    configs: Sequence[Sequence[Sequence[Config]]], done: Mapping[str | None, Row], measure: Measure
) -> tuple[FloatArray, FloatArray]:
    """The values of both settings, shapes (searches, seeds); greater ones are better.

    The seed of a failed run has the worst value of the first and the best one of the second: a claim cannot be shown by what
    failed.
    """
    sign = 1.0 if measure.higher else -1.0
    first, second = (
        sign * np.array([[_value(done.get(one.identity), measure) for one in search] for search in side]) for side in configs
    )
    lost = np.isnan(first).any(axis=0) | np.isnan(second).any(axis=0)
    return np.where(lost, -np.inf, first), np.where(lost, np.inf, second)


def _value(row: Row | None, measure: Measure) -> float:
    if row is None:
        return np.nan
    if row.tags.get("nnbench.outcome") == "diverged":
        return worst(higher=measure.higher)
    return row.metrics.get(measure.key, np.nan)
