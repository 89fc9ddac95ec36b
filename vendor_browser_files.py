"""Take the browser files out of the packages that carry them, when a wheel or an editable install is made.

No third-party script is committed, and no Node is needed.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class VendorBrowserFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Copy htmx from django-htmx and Vega from vl-convert into the static folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 — the interface names them
        """Write `static/vendor/htmx.min.js` and `static/vendor/vega.min.js`."""
        from vl_convert import javascript_bundle  # noqa: PLC0415 — large, and only needed here

        target = Path(self.root) / "src/upriver/web/static/vendor"
        target.mkdir(parents=True, exist_ok=True)
        htmx = files("django_htmx") / "static/django_htmx/htmx-2.min.js"
        (target / "htmx.min.js").write_bytes(htmx.read_bytes())
        (target / "vega.min.js").write_text(javascript_bundle("window.vegaEmbed = vegaEmbed;"), "utf-8")
