"""Write the client's records from the server's own OpenAPI description; `make client` runs this.

The nouns of the client are the nouns of the server because they are made from them.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datamodel_code_generator import DataModelType, InputFileType, LiteralType, PythonVersion, generate
from datamodel_code_generator.format import Formatter

from upriver import db
from upriver.web.app import create_app

TARGET = Path(__file__).parent / "src/upriver_client/records.py"
HEAD = '"""The nouns of Upriver, made from the server\'s OpenAPI description by `make client`."""\n\n'


def _plain(schema: Any) -> Any:
    """Leave out what a reader of the client need not see, and let a newer server say more than we know."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$ref", "").endswith("/JsonValue"):
        return {}
    kept = {
        k: v for k, v in schema.items() if not (k in ("title", "format") and isinstance(v, str) and v != "date-time")
    }
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    return {k: _plain(v) for k, v in kept.items()}


def main(target: Path = TARGET) -> None:
    """Write `target`."""
    description = create_app(db.connect("sqlite://"), worker=False).openapi()
    schemas = description["components"]["schemas"]
    wanted = {k: _plain(v) for k, v in schemas.items() if "ValidationError" not in k and k != "JsonValue"}
    with TemporaryDirectory() as folder:  # where no settings of a formatter lie, so that it is the same everywhere
        made = Path(folder) / "records.py"
        generate(
            json.dumps({**description, "paths": {}, "components": {"schemas": wanted}}),
            input_file_type=InputFileType.OpenAPI,
            output=made,
            output_model_type=DataModelType.PydanticV2BaseModel,
            target_python_version=PythonVersion.PY_311,
            use_standard_collections=True,
            use_union_operator=True,
            use_schema_description=True,
            use_double_quotes=True,
            enable_faux_immutability=True,
            enum_field_as_literal=LiteralType.All,
            strict_nullable=True,
            disable_timestamp=True,
            field_constraints=True,
            formatters=[Formatter.RUFF_FORMAT],
        )
        text = made.read_text("utf-8")
    target.write_text(HEAD + text[text.index("from __future__") :], "utf-8")


if __name__ == "__main__":
    main()
