"""Power of a study with its numbers of seeds and settings, as a sentence."""

from itertools import combinations

import numpy as np
from scipy.stats import norm

from nnbench.core.formatting import count, fixed, percent, significant
from nnbench.report.findings.comparison import by_search_and_seed
from nnbench.report.findings.findings import Findings
from nnbench.stats.conclusion import NOTABLE
from nnbench.stats.crossed import difference_shown, within_seed_correlation
from nnbench.stats.power import lead_shown, power_of_signed_rank
from nnbench.stats.signed_rank import LEVEL

_MANY = 24  # settings whose pairs are looked at: of a large grid, those that rank first


def describe(findings: Findings) -> str:
    """State the power against a setting that wins three times in four, and the least lead that is detected.

    Args:
        findings: of a study with enough seeds to rank its settings.

    Returns:
        A sentence without its full stop.
    """
    conclusion, measure = findings.by(findings.primary).conclusion, findings.primary
    if findings.searches > 1:
        return over_searches(findings).removesuffix(".")
    level, seeds, recommended = LEVEL / conclusion.tests, conclusion.seeds, conclusion.recommended_seeds
    more = f", with {recommended} seeds in {_power(recommended, level)}" if seeds < recommended else ""
    power = (
        f"With {count(seeds, 'seed')} and {count(conclusion.settings, findings.noun)}, one that beats another three times in "
        f"four is shown to be better in {_power(seeds, level)} of studies{more}"
    )
    lead = lead_shown(seeds=seeds, level=level) * _spread(findings)
    if not (np.isfinite(lead) and lead >= _resolution(findings)):
        return power
    return f"{power}; here, a lead of {significant(lead, 2)} in {measure.name} would be shown in four studies of five"


def over_searches(findings: Findings) -> str:
    """State the correlation within a seed and the least difference that the tests show, for tuned optimizers or others.

    Returns:
        Sentences; empty where fewer than two settings have values.
    """
    comparison, measure = findings.by(findings.primary), findings.primary
    values = findings.values(measure)
    known = set(values["setting"].astype(str))
    names = [name for name in map(str, comparison.scores) if name in known][:_MANY]
    pairs = list(combinations(by_search_and_seed(values, names).values(), 2))
    if not pairs:
        return ""
    level = LEVEL / comparison.conclusion.tests
    with np.errstate(over="ignore", invalid="ignore"):
        together = [one for pair in pairs if np.isfinite(one := within_seed_correlation(*pair))]
        least = [one for pair in pairs if np.isfinite(one := difference_shown(*pair, level=level))]
    noun = "tuned optimizers" if findings.tuned else f"{findings.noun}s"
    sentences = []
    if together:
        of = f" (median of {len(together)} pairs)" if len(together) > 1 else ""
        sentences.append(
            f"Within a seed, the values of two {noun} have a correlation of {fixed(float(np.median(together)), 2)}{of}: the "
            "closer to 1, the more the pairing by seed gains."
        )
    if least:
        sentences.append(
            f"The least difference in {measure.name} that would be shown in four studies of five: "
            f"{significant(float(np.median(least)), 2)}"
            + (f" (median; {significant(min(least), 2)} to {significant(max(least), 2)})." if len(least) > 1 else ".")
        )
    return " ".join(sentences)


def _power(seeds: int, level: float) -> str:
    return f"about {percent(power_of_signed_rank(float(norm.ppf(NOTABLE)), seeds=seeds, level=level))}"


def _spread(findings: Findings) -> float:
    """Standard deviation of the differences within a seed, the median of all pairs; NaN where it is 0 or unknown."""
    finite = findings.by(findings.primary).scores.replace([np.inf, -np.inf], np.nan)
    with np.errstate(over="ignore", invalid="ignore"):  # values near the largest float give no finite variance
        covariance = finite.cov(min_periods=2).to_numpy()
        own = np.diag(covariance)
        variance = (own[:, None] + own - 2 * covariance)[np.triu_indices(len(own), k=1)]
    known = variance[np.isfinite(variance) & (variance > 0)]
    return float(np.sqrt(np.median(known))) if known.size else np.nan


def _resolution(findings: Findings) -> float:
    """The smallest difference between two values of the study's runs; infinite where all are the same."""
    values = findings.by(findings.primary).scores.to_numpy(dtype=np.float64)
    steps = np.diff(np.unique(values[np.isfinite(values)]))
    return float(steps[steps > 1e-9].min(initial=np.inf))
