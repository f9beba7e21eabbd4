"""nnbench: a fair, seeded, tracked benchmark of optimizers on a from-scratch NumPy network."""

import sys
from pathlib import Path

__version__ = "0.1.0"

# Installed, Hydra's plugins are a package that Python finds by itself; in a checkout that is only on the path they are not.
_PLUGINS = Path(__file__).parent / "plugins"
if _PLUGINS.is_dir() and str(_PLUGINS) not in sys.path:
    sys.path.append(str(_PLUGINS))
