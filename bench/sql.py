"""How long it takes to derive columns from the longest queries that people's tools write.

Beside it, in the same run: sqlglot's own `lineage()` on a smaller query, because on this one it takes minutes, and
what one small query costs with and without the process that guards the server.  Other work on the machine only ever
adds to CPU seconds, so of three tries the least is reported.
"""

import json
import sys
import time
from collections.abc import Callable

LIMITS = {"20_steps_200_columns_cpu_s": 2.0, "5_steps_1000_columns_cpu_s": 2.5}
SMALL = (
    "insert into totals select c.id, sum(o.amount) from orders o join customers c on c.id = o.customer_id group by 1"
)


def main() -> int:
    """Derive, compare, print the figures."""
    from sqlglot.lineage import lineage

    from upriver.lineage.sql.derive import derive

    figures = {}
    for steps, columns in ((20, 200), (5, 1000)):
        query, schema = wide(steps, columns)
        found = derive(query, "postgres", schema)[0]
        assert len(found.columns) == columns
        assert not found.unresolved
        figures[f"{steps}_steps_{columns}_columns_cpu_s"] = least(lambda q=query, s=schema: derive(q, "postgres", s))
    query, schema = wide(5, 50)
    tables = {name: dict.fromkeys(columns, "int") for name, columns in schema.items()}
    figures["5_steps_50_columns"] = {
        "cpu_s": least(lambda: derive(query, "postgres", schema)),
        "sqlglot_cpu_s": least(lambda: lineage(None, query, tables, dialect="postgres")),
        "sqlglot_untrimmed_cpu_s": least(lambda: lineage(None, query, tables, dialect="postgres", trim_selects=False)),
    }
    figures["small_ms"] = round(1000 * least(lambda: [derive(SMALL, "postgres") for _ in range(50)]) / 50, 2)
    figures |= guarded()
    ok = all(figures[name] <= limit for name, limit in LIMITS.items())
    print(json.dumps({"bench": "sql", "figures": figures, "limits": LIMITS, "ok": ok}))
    return 0 if ok else 1


def wide(steps: int, columns: int) -> tuple[str, dict[str, list[str]]]:
    """Return a query of common table expressions one upon the other, and the schema of the one table it reads."""
    names = [f"c{n}" for n in range(columns)]
    parts = [f"t0 as (select {', '.join(names)} from source)"]
    for step in range(1, steps):
        mixed = [
            f"coalesce(a.{name}, 0) + b.c{(n + 1) % columns} as {name}" if n % 10 == 0 else f"a.{name}"
            for n, name in enumerate(names)
        ]
        parts.append(f"t{step} as (select {', '.join(mixed)} from t{step - 1} a join source b on a.c0 = b.c1)")
    return f"with {', '.join(parts)} select * from t{steps - 1}", {"source": names}


def least(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest of three tries."""
    tries = []
    for _ in range(3):
        start = time.process_time()
        work()
        tries.append(time.process_time() - start)
    return round(min(tries), 3)


def guarded() -> dict[str, float]:
    """Return the milliseconds of small queries through the other process: each new, and each known."""
    from upriver.lineage.sql.limited import Deriver

    queries = [SMALL.replace("totals", f"totals_{n}") for n in range(50)]
    with Deriver() as deriver:
        deriver.derive(SMALL)
        figures = {}
        for name in ("guarded_new_ms", "guarded_known_ms"):
            start = time.perf_counter()
            for query in queries:
                deriver.derive(query, "postgres")
            figures[name] = round(1000 * (time.perf_counter() - start) / len(queries), 2)
    return figures


if __name__ == "__main__":
    sys.exit(main())
