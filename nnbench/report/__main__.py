"""`python -m nnbench.report study=NAME`: the report again, from what the store holds."""

import sys

if __name__ == "__main__":
    from nnbench.app import report_main

    sys.exit(report_main())
