"""Print the lowest version that pyproject.toml admits of each direct dependency, as constraints for pip.

`python scripts/lowest_versions.py > constraints.txt`; `make test-lowest` installs these and runs the tests on them. Only
`>=` and `==` give a lowest version; a dependency without either is refused, since nothing could be tested for it.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_LOWEST = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?\s*[^;]*?(>=|==)\s*(?P<version>[0-9][^,;\s]*)")


def constraints(requirements: list[str]) -> list[str]:
    """`name==version` of each requirement, in their order.

    Raises:
        ValueError: a requirement has no lower bound.
    """
    found = []
    for requirement in requirements:
        if (match := _LOWEST.match(requirement)) is None:
            raise ValueError(f"{requirement!r} has no lower bound (>= or ==)")
        found.append(f"{match['name']}=={match['version']}")
    return found


def main() -> int:
    """Returns the exit status: 0, 2 if a dependency has no lower bound."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    try:
        print("\n".join(constraints(project["dependencies"])))
    except ValueError as error:
        print(f"{PROJECT.name}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
