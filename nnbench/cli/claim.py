"""`nnbench claim`: tests on new seeds that one setting of a study is better than another."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from nnbench.cli import entry
from nnbench.cli.hydra_app import with_hydra
from nnbench.config.command_line import decode_arguments
from nnbench.config.schema import Config
from nnbench.core.errors import UserError

if TYPE_CHECKING:
    from nnbench.records.claims import Claim
    from nnbench.records.measure import Measure
    from nnbench.sweep.claim import Answer

HELP = """\
Test a claim that is stated before its runs: a setting is better than another, on seeds that the study has not used.

  nnbench claim adam beats sgd study=comparison
  nnbench claim "adam lr=0.01" beats "sgd lr=0.5" study=rates measure=test/loss margin=0.05 seeds=30
  nnbench claim "adam (tuned)" beats "sgd (tuned)" study=tuned
  nnbench claim "adam (tuned) search=0" beats sgd study=tuned

A claim about a tuned optimizer is about all of its searches, each with the configuration that it chose; with `search=0`, about
the configuration of the first alone, as selection.csv numbers them.

  study=NAME            the study that has both settings; `comparison` by default
  measure=KEY           such as test/accuracy or final/train_loss; by default the one that ranks the study's settings
  margin=NUMBER         the first is better by more than this, in the unit of the measure; 0 by default
  seeds=NUMBER          of each setting; 20 by default
  task=LABEL            in a study with several tasks, such as "spiral budget=100"
  workers=NUMBER        processes at once; one a processor by default
  --json                print the answer as JSON
  tracking.uri=URI      the store; sqlite:///results/mlflow.db by default

The claim is written to the store before its first run. The same command gives the same answer from the same runs.
Exit status: 0 the claim is shown, 1 it is not, 2 a mistake in the command.
"""
KEYS = ("measure", "margin", "seeds", "task", "workers")
SEEDS, MOST = 20, 10_000


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the command asks for; see `HELP`."""

    first: str
    second: str
    measure: str | None
    margin: float
    seeds: int
    task: str | None
    workers: int | None
    as_json: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Test a claim; returns the exit status of `entry.run`, or 1 if the claim is not shown."""
    return entry.run("nnbench claim", _claim, arguments)


def _claim(arguments: list[str]) -> int:
    if {"--help", "-h"} & {*arguments}:
        print(HELP, end="")
        return 0
    # A name of a setting may have values, as in `adam lr=0.01`; the key of an option has no space.
    words = [one for one in arguments if not one.startswith("-") and ("=" not in one or " " in one.partition("=")[0])]
    rest = [one for one in arguments if one not in words and one != "--json"]
    if len(words) != 3 or words[1] != "beats":
        raise UserError(f"{' '.join(words) or 'no claim'}: must be SETTING beats SETTING, such as adam beats sgd")
    options = {one.partition("=")[0]: one.partition("=")[2] for one in rest if one.partition("=")[0] in KEYS}
    request = Request(
        first=words[0],
        second=words[2],
        measure=options.get("measure"),
        margin=_number("margin", options.get("margin", "0")),
        seeds=_count("seeds", options.get("seeds", str(SEEDS)), 5, MOST),
        task=options.get("task"),
        workers=_count("workers", options["workers"], 1, 1024) if "workers" in options else None,
        as_json="--json" in arguments,
    )
    given = [one for one in rest if one.partition("=")[0] not in KEYS]
    return with_hydra(partial(_settle, request), decode_arguments(given), short=KEYS)


def _number(key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < float("inf"):
        raise UserError(f"{key}={text}: must be a number of at least 0")
    return value


def _count(key: str, text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise UserError(f"{key}={text}: must be a whole number from {least} to {most:,}")
    return int(text)


def _settle(request: Request, config: Config) -> int:
    from nnbench.cli.claim_subject import (  # not at the top: `--help` needs none
        measure_of,
        runs_of,
        suggestions,
        task_of,
        values_of,
    )
    from nnbench.config.validate import parse
    from nnbench.core.console import console as make_console
    from nnbench.records.claims import SUFFIX, Claim
    from nnbench.records.tasks import tasks
    from nnbench.report.findings.findings import Findings
    from nnbench.stats.claim import LEVEL, power_of_claim
    from nnbench.sweep.claim import make_trees, settle
    from nnbench.sweep.executors.local import LocalPool, cores
    from nnbench.sweep.recorder import open_store_of
    from nnbench.tracking.mlflow.reader import read_rows, read_study

    if config.study.endswith(SUFFIX):
        raise UserError(f"study={config.study}: holds claims; give the study that they are about")
    console = make_console()
    store = open_store_of(config, create=False)
    study = read_study(store, config.study)
    findings = Findings(task_of(study, request.task))
    sides = [runs_of(findings, name) for name in (request.first, request.second)]
    settings = [name for name, _ in sides]
    if settings[0] == settings[1]:
        raise UserError(f"{request.first} beats {request.second}: both are the setting {settings[0]}")
    measure = measure_of(findings, request.measure)
    rows = read_rows(store, config.study)
    newest = [runs.groupby("search")["run_id"].last().astype(str).tolist() for _, runs in sides]
    trees = [make_trees(rows, ids, config) for ids in newest]
    seen = values_of([runs for _, runs in sides], measure)
    searched = max(map(len, seen)) > 1
    level = LEVEL / suggestions([Findings(one.study) for one in tasks(study)]) if searched else LEVEL
    power = power_of_claim(*seen, seeds=request.seeds, margin=request.margin, level=level)
    one, other = (tuple(parse({**tree, "seed": 0}).identity for tree in side) for side in trees)
    wanted = Claim(
        study=config.study,
        task=request.task or "",
        first=settings[0],
        second=settings[1],
        configurations=(one, other),
        measure=measure.key,
        higher=measure.higher,
        margin=request.margin,
        seeds=tuple(range(request.seeds)),
        level=level,
        power=power,
    )
    console.print(_statement(wanted, measure, seen[0].shape[1]), soft_wrap=True, markup=False)
    with closing(LocalPool(workers=request.workers or cores())) as pool:
        answer = settle(wanted, trees, rows, measure, pool, console)
    if request.as_json:
        print(json.dumps(_record(answer)))
    else:
        print(_sentence(answer, measure))
    return 0 if answer.outcome.shown else 1


def _statement(claim: "Claim", measure: "Measure", seen: int) -> str:
    from nnbench.core.formatting import percent, significant
    from nnbench.stats.claim import LEVEL

    by = f" by more than {claim.margin:g}" if claim.margin else ""
    direction = "higher" if claim.higher else "lower"
    chance = (
        "that is not known from fewer than 2 seeds"
        if claim.power is None
        else f"about {percent(claim.power)}, from {seen} seeds"
    )
    test, limit, level = "signed-rank test", "", f"{significant(100 * claim.level, 2)} %"
    if claim.searches > 1:
        test = f"t-test on ranks over {claim.searches} searches and the seeds"
        suggested = round(LEVEL / claim.level)
        limit = (
            f" The searches are those of the study, not new ones, so the level is {percent(LEVEL)} divided by the {suggested} "
            "claims that the study can suggest."
        )
    return (
        f"Claim: {claim.first} has a {direction} {measure.name} than {claim.second}{by}, on {len(claim.seeds)} new seeds "
        f"({test}, one-sided, {level}). If the differences are as in the study, the claim is shown with a probability of "
        f"{chance}.{limit}"
    )


def _sentence(answer: "Answer", measure: "Measure") -> str:
    from nnbench.core.formatting import count, significant

    claim, outcome = answer.claim, answer.outcome
    verdict = "Shown" if outcome.shown else "Not shown"
    direction = "higher" if claim.higher else "lower"
    by = f" by more than {claim.margin:g}" if claim.margin else ""
    over = f" over {claim.searches} searches" if claim.searches > 1 else ""
    p = f"p = {outcome.p:.2g}"
    words = f"{verdict}: {claim.first} has a {direction} {measure.name} than {claim.second}{by}"
    words += f" ({outcome.wins} of {count(outcome.n, 'seed')}{over}, median difference {significant(outcome.median, 2)}, {p})."
    if answer.failed:
        words += f" {count(answer.failed, 'run')} failed; their seeds count against the claim."
    if answer.repeated:
        words += " A repeat: all runs were there before."
    if answer.earlier:
        words += f" {count(answer.earlier, 'claim')} about these two settings came before this one."
    return words


def _record(answer: "Answer") -> dict[str, Any]:
    """The answer as data for JSON, in which infinite numbers are null."""
    outcome = asdict(answer.outcome)
    median = outcome["median"]
    outcome["median"] = median if abs(median) < float("inf") else None
    rest = {"failed": answer.failed, "repeated": answer.repeated, "earlier_claims": answer.earlier}
    return {"claim": asdict(answer.claim), **outcome, **rest}
