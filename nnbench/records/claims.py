"""A claim that one setting is better than another: what is tested, written down before its runs start."""

import json
from dataclasses import asdict, dataclass

CLAIM, RESULT = "nnbench.claim", "nnbench.claim_result"  # tags of the sweep's own run
SUFFIX = "-claims"  # of the study that holds the claims about a study, and their runs


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A one-sided test of a difference on seeds that were not used before.

    Attributes:
        study: whose settings are compared.
        task: label of the task; empty if the study has one task.
        first, second: names of the settings; the first is claimed to be better.
        configurations: digests of all that determines their numbers but the seed, code included, in this order: of each
            setting, one; of a tuned optimizer, one for each search.
        measure: key of the measure.
        higher: whether greater values are better.
        margin: by which the first is claimed to be better, in the unit of the measure.
        seeds: of the runs of both.
        level: of the test.
        power: share of repetitions in which the claim would be shown, from the study's differences; None if unknown.
    """

    study: str
    task: str
    first: str
    second: str
    configurations: tuple[tuple[str, ...], tuple[str, ...]]
    measure: str
    higher: bool
    margin: float
    seeds: tuple[int, ...]
    level: float
    power: float | None

    @property
    def searches(self) -> int:
        """The most searches that chose the configurations of one of the two; 1 where each has one configuration."""
        return max(map(len, self.configurations))

    def to_json(self) -> str:
        """Return the claim as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Claim | None":
        """Read a claim from JSON; None if it is not as nnbench writes it."""
        try:
            fields = json.loads(text)
            one, other = ((side,) if isinstance(side, str) else tuple(map(str, side)) for side in fields.pop("configurations"))
            return cls(**fields | {"configurations": (one, other), "seeds": tuple(map(int, fields["seeds"]))})
        except (TypeError, ValueError, KeyError, AttributeError):
            return None

    def same_question(self, other: "Claim") -> bool:
        """Whether both test the same with as many seeds."""
        return self._question() == other._question()

    def same_pair(self, other: "Claim") -> bool:
        """Whether both are about the same two settings, in either order."""
        return self.task == other.task and {self.first, self.second} == {other.first, other.second}

    def _question(self) -> tuple[object, ...]:
        return self.configurations, self.measure, self.margin, len(self.seeds), self.level
