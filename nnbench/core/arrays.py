"""Type aliases of arrays."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]
ByteArray = npt.NDArray[np.uint8]
