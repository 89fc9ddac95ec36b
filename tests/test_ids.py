import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from upriver.errors import Invalid
from upriver.ids import KINDS, AssetId

part = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
adapter = TypeAdapter(AssetId)


@given(kind=st.sampled_from(sorted(KINDS)), namespace=part, name=part)
def test_the_text_form_reads_back(kind, namespace, name):
    of = AssetId(kind, namespace, name)
    assert AssetId.parse(str(of)) == of
    assert adapter.validate_json(adapter.dump_json(of)) == of


@pytest.mark.parametrize(
    "text", ["", "churn12", "version:", "version:prod", "version:prod/", "pony:prod/churn", ":a/b"]
)
def test_what_is_no_id_is_refused_with_the_form_it_should_have(text):
    with pytest.raises(Invalid, match="kind:namespace/name"):
        AssetId.parse(text)
    with pytest.raises(ValidationError):
        adapter.validate_python(text)


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_looks_like_a_step_in_a_path_is_quoted(name):
    of = AssetId("model", "prod", name)
    assert not str(of).endswith(".")
    assert AssetId.parse(str(of)) == of
