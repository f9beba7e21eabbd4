"""The report again, from what the store holds: `python scripts/report.py study=comparison`."""

import sys

from nnbench.cli.report import main

if __name__ == "__main__":
    sys.exit(main())
