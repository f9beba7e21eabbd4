"""A module that ends its process at import without an exception."""

import os

os._exit(7)
