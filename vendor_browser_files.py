"""Take the browser files out of the packages that carry them, when a wheel or an editable install is made.

No third-party script is committed, and no Node is needed.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class VendorBrowserFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Copy htmx from django-htmx into the static folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 — the interface names them
        """Write `static/vendor/htmx.min.js`."""
        target = Path(self.root) / "src/upriver/web/static/vendor"
        target.mkdir(parents=True, exist_ok=True)
        htmx = files("django_htmx") / "static/django_htmx/htmx-2.min.js"
        (target / "htmx.min.js").write_bytes(htmx.read_bytes())
