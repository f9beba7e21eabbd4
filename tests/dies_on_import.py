"""A module that ends its process when it is imported, with no exception."""

import os

os._exit(7)
