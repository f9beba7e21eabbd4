"""`python -m nnbench`: one tracked run, or with `-m` a sweep."""

import sys

if __name__ == "__main__":  # a spawned worker imports this module too, and must not pay for Hydra
    from nnbench.cli.main import main

    sys.exit(main())
