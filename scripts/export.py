"""A study as Parquet and CSV: `python scripts/export.py study=comparison`; `scripts/report.py from=FOLDER` reads it back."""

import sys

from nnbench.cli.export import main

if __name__ == "__main__":
    sys.exit(main())
