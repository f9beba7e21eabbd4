"""nnbench: a fair, seeded, tracked benchmark of optimizers on a from-scratch NumPy network."""

import sys
from pathlib import Path

__version__ = "0.1.0"

# Hydra finds plugins in the namespace package `hydra_plugins` wherever sys.path leads to one.
_PLUGINS = str(Path(__file__).parent / "plugins")
if _PLUGINS not in sys.path:
    sys.path.append(_PLUGINS)
