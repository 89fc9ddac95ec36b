"""SQL that people write, made safe before any engine sees it: one expression over the columns of a row, or of rows.

It is read by sqlglot, checked node by node against what is known to be harmless, and written anew; what the engine
gets is never the text that came in.
"""

from collections.abc import Mapping
from typing import Any

import ibis.expr.schema as sch
import sqlglot
from sqlglot import exp

from upriver.errors import Invalid
from upriver.monitor.ask.store import DIALECTS, Data

_REFUSED = (
    exp.Query, exp.Subquery, exp.Table, exp.DDL, exp.DML, exp.Command, exp.Placeholder, exp.Parameter,
    exp.SessionParameter, exp.Star, exp.Lambda, exp.Into,
)  # fmt: skip
_UNKNOWN = frozenset(
    [
        "abs",
        "acos",
        "asin",
        "atan",
        "atan2",
        "cbrt",
        "ceil",
        "ceiling",
        "cos",
        "cot",
        "degrees",
        "exp",
        "floor",
        "ln",
        "log",
        "log10",
        "log2",
        "mod",
        "pi",
        "pow",
        "power",
        "radians",
        "round",
        "sign",
        "sin",
        "sqrt",
        "tan",
        "trunc",
        "truncate",
        "greatest",
        "least",
        "coalesce",
        "nullif",
        "ifnull",
        "nvl",
        "if",
        "iff",
        "lower",
        "upper",
        "trim",
        "ltrim",
        "rtrim",
        "length",
        "len",
        "char_length",
        "character_length",
        "octet_length",
        "bit_length",
        "substr",
        "substring",
        "left",
        "right",
        "replace",
        "reverse",
        "concat",
        "concat_ws",
        "contains",
        "starts_with",
        "startswith",
        "ends_with",
        "endswith",
        "strpos",
        "position",
        "instr",
        "split_part",
        "lpad",
        "rpad",
        "repeat",
        "ascii",
        "chr",
        "regexp_matches",
        "regexp_like",
        "rlike",
        "regexp_replace",
        "regexp_extract",
        "levenshtein",
        "translate",
        "initcap",
        "like_escape",
        "ilike",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "quarter",
        "week",
        "weekday",
        "dayofweek",
        "dayofyear",
        "day_of_week",
        "isodow",
        "date_part",
        "date_trunc",
        "datediff",
        "date_diff",
        "extract",
        "to_date",
        "to_timestamp",
        "make_date",
        "epoch",
        "last_day",
        "dayname",
        "monthname",
        "hash",
        "md5",
        "crc32",
        "isnan",
        "isinf",
        "isfinite",
        "is_nan",
        "is_inf",
        "try_cast",
        "typeof",
        "xor",
        "bool_and",
        "bool_or",
        "every",
        "median",
        "mode",
        "quantile",
        "quantile_cont",
        "quantile_disc",
        "percentile",
        "percentile_cont",
        "percentile_disc",
        "percentile_approx",
        "approx_quantile",
        "approx_percentile",
        "approx_count_distinct",
        "count_if",
        "countif",
        "corr",
        "covar_pop",
        "covar_samp",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "variance",
        "var_pop",
        "var_samp",
        "skewness",
        "kurtosis",
        "kurtosis_pop",
        "any_value",
        "first",
        "last",
        "arg_max",
        "arg_min",
        "max_by",
        "min_by",
        "regr_slope",
        "regr_r2",
        "entropy",
        "mad",
        "product",
        "sum_if",
        "avg_if",
        "favg",
        "fsum",
        "json_extract_string",
        "json_extract",
        "get_json_object",
        "cardinality",
        "array_length",
        "size",
    ]
)
"""Names of functions that sqlglot does not know by themselves, and that read nothing but their arguments."""
_DANGEROUS = (
    "current_setting", "getenv", "getvariable", "pg_", "lo_", "dblink", "read_", "query", "parquet_", "sniff_", "glob",
    "java_method", "reflect", "set_config", "nextval", "setval", "sleep", "version", "current_user", "session_user",
    "user", "current_database", "current_schema", "current_catalog", "input_file", "assert_true", "raise_error",
)  # fmt: skip
_LONGEST = 10_000


def checked(sql: str, data: Data, *, aggregates: bool = False) -> str:
    """Return one expression in the engine's SQL, as it is to be put into a query.

    Args:
        sql: What a person wrote, in the engine's dialect: `price * amount`, `country = 'DE'`.
        aggregates: It is of many rows: `avg(price * amount)`.

    Raises:
        Invalid: It is no SQL, more than one expression, would write or read something else, or names no column.
    """
    return _parsed(sql, data, aggregates=aggregates).sql(dialect=DIALECTS.get(data.engine, data.engine))


def _parsed(sql: str, data: Data, *, aggregates: bool) -> exp.Expression:
    if len(sql) > _LONGEST:
        raise Invalid(f"An expression of {len(sql):,} characters is too long.", f"At most {_LONGEST:,} are read.")
    dialect = DIALECTS.get(data.engine, data.engine)
    try:
        found = sqlglot.parse(f"select ({sql}\n)", read=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        said = str(error).splitlines()[0].split(". Line")[0] if str(error) else "too deeply nested"
        raise Invalid(f"{sql!r} is no expression in SQL: {said}.", _HINT) from error
    whole = found[0] if len(found) == 1 else None
    if (
        not isinstance(whole, exp.Select)
        or len(whole.expressions) != 1
        or (
            set(whole.args) - {"expressions", "kind", "hint"}
            and any(value for name, value in whole.args.items() if name != "expressions")
        )
    ):
        raise Invalid(f"{sql!r} is more than one expression.", _HINT)
    expression = whole.expressions[0]
    if not isinstance(expression, exp.Paren):
        raise Invalid(f"{sql!r} is more than one expression.", _HINT)
    _harmless(sql, expression, data, aggregates=aggregates)
    return expression


_HINT = "Write one expression over columns, such as `price * amount` or `country = 'DE'`."


def _harmless(sql: str, expression: exp.Expression, data: Data, *, aggregates: bool) -> None:
    for node in expression.walk():
        if isinstance(node, _REFUSED) and isinstance(node, exp.Expression) and not _counting(node):
            raise Invalid(f"{sql!r} does more than compute a value: {node.key} is not allowed in it.", _HINT)
        if isinstance(node, (exp.AggFunc, exp.Window)) and not aggregates:
            raise Invalid(f"{sql!r} is of many rows, where one value for each row is needed.", _HINT)
        if isinstance(node, exp.Func):
            _known(sql, node)
        if isinstance(node, exp.Column):
            _column(sql, node, data)


def _counting(node: exp.Expression) -> bool:
    return isinstance(node, exp.Star) and isinstance(node.parent, exp.Count)


def _known(sql: str, node: exp.Func) -> None:
    """Refuse a function that sqlglot does not know, unless we do, and those that look beyond their arguments."""
    names = (
        {node.name.lower()}
        if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc)
        else {n.lower() for n in node.sql_names()}
    )
    strange = isinstance(node, exp.Anonymous | exp.AnonymousAggFunc) and not names <= _UNKNOWN
    if strange or any(name.startswith(_DANGEROUS) for name in names):
        raise Invalid(f"{sql!r} calls {min(names)}, which is not allowed in it.", _HINT)


def _column(sql: str, node: exp.Column, data: Data) -> None:
    if node.table or node.name in data.table.columns:
        if node.table:
            raise Invalid(f"{sql!r} names another table, {node.table!r}.", "Name columns alone.")
        return
    alike = [name for name in data.table.columns if name.lower() == node.name.lower()]
    if alike:
        node.set("this", exp.to_identifier(alike[0], quoted=True))
        return
    known = ", ".join(name for name in data.table.columns[:20] if not name.startswith("upriver_"))
    raise Invalid(f"{sql!r} names {node.name!r}, which is no column of the table.", f"Its columns: {known}.")


def computed(data: Data, named: Mapping[str, str], *, type: str = "string") -> Data:  # noqa: A002 — what it is
    """Return the same rows with a further column for each expression.

    Args:
        named: Expressions in SQL by the names of the columns.
        type: What all of them are cast to, as Ibis names it.

    Raises:
        Invalid: An expression is refused.
    """
    cast = data.backend.compiler.type_mapper.from_ibis(sch.dt.dtype(type)).sql(DIALECTS.get(data.engine, data.engine))
    items = ", ".join(f"cast({checked(sql, data)} as {cast}) as {_quoted(name, data)}" for name, sql in named.items())
    query = f"select *, {items} from ({data.sql(data.table)}) as rows_of_it"  # noqa: S608 — checked above
    schema = sch.Schema({**data.table.schema().fields, **dict.fromkeys(named, sch.dt.dtype(type))})
    return data.on(data.backend.sql(query, schema=schema))


def _quoted(name: str, data: Data) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect=DIALECTS.get(data.engine, data.engine))


def aggregated(data: Data, named: Mapping[str, str], *, by: tuple[str, ...] = ()) -> Any:
    """Return what each aggregate expression gives, as an Arrow table; grouped by the columns `by`.

    Raises:
        Problem: An expression is refused, or the engine refuses it.
    """
    keys = [_quoted(name, data) for name in by]
    items = [*keys, *(f"{checked(sql, data, aggregates=True)} as {_quoted(name, data)}" for name, sql in named.items())]
    grouped = f" group by {', '.join(keys)}" if keys else ""
    return data.ask(f"select {', '.join(items)} from ({data.sql(data.table)}) as rows_of_it{grouped}")  # noqa: S608 — checked
