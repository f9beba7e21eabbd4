"""Seeded, tracked benchmark of optimizers on a NumPy network."""

import sys
from pathlib import Path

__version__ = "0.1.0"

# Hydra searches sys.path for its plugins. An installation puts them there; a checkout that is only on the path does not.
_PLUGINS = Path(__file__).parent / "plugins"
if _PLUGINS.is_dir() and str(_PLUGINS) not in sys.path:
    sys.path.append(str(_PLUGINS))
