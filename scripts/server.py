"""A tracking server for a team: `python scripts/server.py --database postgresql://USER@HOST/NAME`; see docs/team-server.md."""

import sys

from nnbench.cli.server import main

if __name__ == "__main__":
    sys.exit(main())
