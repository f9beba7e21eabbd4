"""Power of a study with its numbers of seeds and settings, as a sentence."""

import numpy as np
from scipy.stats import norm

from nnbench.core.formatting import count, percent, significant
from nnbench.report.findings.findings import Findings
from nnbench.stats.conclusion import NOTABLE
from nnbench.stats.power import lead_shown, power_of_signed_rank
from nnbench.stats.signed_rank import LEVEL


def describe(findings: Findings) -> str:
    """State the power against a setting that wins three times in four, and the least lead that is detected.

    Args:
        findings: of a study with enough seeds to rank its settings.

    Returns:
        A sentence without its full stop.
    """
    conclusion, measure = findings.by(findings.primary).conclusion, findings.primary
    level, seeds, recommended = LEVEL / conclusion.pairs, conclusion.seeds, conclusion.recommended_seeds
    more = f", with {recommended} seeds in {_power(recommended, level)}" if seeds < recommended else ""
    power = (
        f"With {count(seeds, 'seed')} and {count(conclusion.settings, findings.noun)}, one that beats another three times in "
        f"four is shown to be better in {_power(seeds, level)} of studies{more}"
    )
    lead = lead_shown(seeds=seeds, level=level) * _spread(findings)
    if not (np.isfinite(lead) and lead >= _resolution(findings)):
        return power
    return f"{power}; here, a lead of {significant(lead, 2)} in {measure.name} would be shown in four studies of five"


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
