"""What does this MLflow know?

Two readers behind one interface, REST and read-only SQL on its database, hand on the same rows; one
mapping turns them into assets.  MLflow itself is never imported.
"""

from upriver.connect.source import Source
from upriver.connect.sources.mlflow.check import check
from upriver.connect.sources.mlflow.config import Config
from upriver.connect.sources.mlflow.read import history, read

__all__ = ["PLUGIN", "Config", "check", "history", "read"]

PLUGIN = Source("MLflow", Config, check, read, measured=history)
