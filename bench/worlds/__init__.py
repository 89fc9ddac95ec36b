"""Monitored models whose illness is known: made, read, and used to mark verdicts.

Everything here runs in one thread, so that CPU seconds compare; that must be said before NumPy is loaded.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
