"""SQL that people write computes values and does nothing else."""

import pytest

from monitor.ask import seeded
from upriver.errors import Invalid
from upriver.monitor.ask.data import opened
from upriver.monitor.ask.expressions import aggregated, checked, computed
from upriver.monitor.ask.plan import plan
from upriver.monitor.ask.summaries import summarise
from upriver.monitor.ask.windows import windows
from upriver.monitor.records import Cut


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    with opened(seeded.parquet(tmp_path_factory.mktemp("rows"))) as found:
        yield found


HARMLESS = (
    "country = 'DE'", "price * count", "case when bell > 0 then 'up' else 'down' end", "coalesce(country, 'none')",
    "upper(country)", "length(note) > 3 and paid", "country in ('DE', 'FR')", "extract(year from seen)", "bell between 0 and 1",
    "cast(price as double) / nullif(count, 0)", "country like 'D%'", "abs(bell) + sqrt(abs(wild))", "COUNTRY is not null",
)  # fmt: skip
HARMFUL = (
    "(select 1)", "1) from data; drop table data; --", "exists (select 1 from data)", "read_csv('/etc/passwd')",
    "(select content from read_text('/etc/passwd'))", "pg_read_file('/etc/passwd')", "getenv('HOME')", "1; delete from data",
    "current_setting('temp_directory')", "lo_import('/etc/passwd')", "copy data to '/tmp/x'", "pg_sleep(100)", "nonsense(bell)",
    "insert into data values (1)", "other.secret", "missing_column", "bell from data", "bell, wild", "", "select", "*",
    "sum(bell)", "row_number() over ()", "query('drop table data')", "dblink('x', 'y')", "1) union (select 2", "?", "$1",
    "java_method('java.lang.Runtime', 'exit')", "system('ls')", "glob('/etc/*')", "parquet_metadata('/x')", "@x",
)  # fmt: skip


@pytest.mark.parametrize("sql", HARMLESS)
def test_what_computes_a_value_is_computed(data, sql):
    found = computed(data, {"it": sql})
    assert data.run(found.table.select("it")).num_rows == seeded.ROWS


@pytest.mark.parametrize("sql", HARMFUL)
def test_what_does_anything_else_is_refused_with_a_sentence(data, sql):
    with pytest.raises(Invalid) as caught:
        checked(sql, data)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "sql", ["(select max(bell) from data)", "count(*) filter (where exists (select 1))", "pg_sleep(1)"]
)
def test_an_aggregate_may_not_do_more_either(data, sql):
    with pytest.raises(Invalid):
        checked(sql, data, aggregates=True)


def test_aggregates_are_grouped(data):
    found = aggregated(data, {"n": "count(*)", "worth": "sum(price * count)"}, by=("country",))
    assert sum(found["n"].to_pylist()) == seeded.ROWS


def test_a_comment_cannot_hide_the_end_of_the_query(data):
    found = computed(data, {"it": "bell > 0 -- and then"})
    assert data.run(found.table.count().as_table())[0][0].as_py() == seeded.ROWS


def test_a_slice_that_cannot_be_is_a_problem_and_the_others_are_measured(data):
    monitor = seeded.monitor({"uri": "x"}, slices=("country", "no such thing", "bell > 0"), columns=("bell",))
    known = [counted.window for counted in windows(data, monitor)]
    found = list(summarise(data, monitor, plan(data, monitor), known))
    assert {p.id for m in found for p in m.problems} == {"no such thing"}
    first = [m for m in found if m.window == known[0]]
    assert first[0].cut == Cut()
    by_sign = {m.cut.value: m.rows for m in first if m.cut.key == "bell > 0"}
    assert by_sign["true"] + by_sign["false"] == first[0].rows
    assert {m.cut.value for m in first if m.cut.key == "country"} == {"DE", "FR", "Ελλάδα", "日本"}
