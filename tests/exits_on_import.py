"""A module that ends its program when it is imported."""

import sys

sys.exit(7)
