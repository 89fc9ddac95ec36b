"""Databricks' tongue for monitors, so that its SDK creates, refreshes and reads ours unchanged.

Both of its APIs are served over one store: `quality_monitors` (by the names of tables) and `data_quality` (by their ids).
A name of three parts finds its data as `monitor.places` says.
"""

from fastapi import APIRouter

from upriver.web.dialects.databricks import data_quality, quality_monitors, unity

router = APIRouter(include_in_schema=False)
for part in (quality_monitors, data_quality, unity):
    router.routes.extend(part.router.routes)
