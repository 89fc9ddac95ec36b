"""One module or package for each kind of system that we read."""
