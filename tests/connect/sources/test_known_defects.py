"""What connectors of other catalogs do wrong with MLflow, and what shows that this one does not.

Each line names the test that shows it, or says why it cannot arise here.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]

SHOWN_BY = {
    "a dataset without a schema ends the whole read": "test_odd_datasets_do_not_stop_anything",
    "a purged run behind a version ends the read": "test_a_version_without_a_run_or_with_a_purged_one_is_still_there",
    "another system's dataset is deleted with a run": "test_a_dataset_that_another_source_still_sees_is_not_gone",
    "another system's facts about a dataset are overwritten": "test_two_sources_may_contradict_each_other_about_one_dataset",
    "run tags are lost": "test_a_run_keeps_what_was_told_and_measured",
    "aliases are lost": "test_every_version_comes_with_its_own_aliases_and_stage",
    "only one of several versions of a run is linked": "test_three_versions_of_one_run_are_three_versions",
    "a dataset is named by what the run called it": "test_a_source_has_the_name_of_its_place",
    "two digests overwrite each other": "test_one_place_with_two_digests_is_one_dataset",
    "most source types have no upstream": "test_a_source_has_the_name_of_its_place",
    "a deleted run behind a version is a dead link": "test_a_deleted_run_is_shown_as_deleted_and_a_child_under_its_parent",
    "deleted runs stay for ever": "test_what_a_whole_listing_left_out_is_gone",
    "names with commas and brackets make ids nobody can read": "test_the_text_form_reads_back",
    "one failure hides all that follow": "test_one_bad_record_never_stops_the_rest",
    "infinite and missing numbers are bent": "test_a_run_keeps_what_was_told_and_measured",
    "requests grow with runs and versions": "test_rest_asks_in_bulk",
    "what could not be read is asked to be deleted": "test_a_source_that_dies_half_way_loses_nothing_and_nothing_vanishes",
    "what a filter leaves out is asked to be deleted": "test_what_a_filter_leaves_out_is_still_there",
    "a version without a run is a failure": "test_a_version_without_a_run_or_with_a_purged_one_is_still_there",
    "a model without versions is a failure": "test_a_model_without_versions_is_still_there",
    "only the latest version is read": "test_every_version_comes_with_its_own_aliases_and_stage",
    "types of features become two classes": "test_a_version_knows_its_run_its_model_and_its_signature",
    "one column with a long name costs all features": "test_odd_datasets_do_not_stop_anything",
    "links to MLflow are not encoded": "test_links_into_mlflow_are_encoded",
    "a second read costs as much as the first": "test_a_second_read_finds_everything_the_same",
    "there are no credentials to give": "test_credentials_are_sent_as_asked",
    "curation is overwritten by the next read": "test_what_a_person_declared_survives_every_read",
    "MLflow 3 models have no features": "test_a_version_knows_its_run_its_model_and_its_signature",
    "credentials in dataset addresses are kept": "test_credentials_in_an_address_are_removed_and_reported",
    "a server before 1.28 ends the read": "test_a_server_too_old_to_list_experiments_still_tells_its_models",
}

CANNOT_ARISE = {
    "a quote in a model's name ends the read": "no name is put into a filter, lists are read whole",
    "a pinned MLflow client cannot open a newer store": "no MLflow client is imported; tables are read by name",
    "credentials are written into the process' environment": "they are headers of one connection",
    "a model group shows a wrong latest version": "versions are assets of their own; no field names the latest",
    "two servers share ids": "the service's name is the namespace of all that lives only there",
    "a run's user and a version's user are two nodes": "a user is text on the run, not a node",
    "the status of a read is told before its rows are stored": "the read ends after its last transaction",
    "at most 100 pages are read": "pages are read until the server says there is none",
}


def _names():
    found = set()
    for file in TESTS.rglob("test_*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        found |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("defect", SHOWN_BY)
def test_each_known_defect_has_a_test_that_shows_we_lack_it(defect):
    assert SHOWN_BY[defect] in _names()


@pytest.mark.parametrize("defect", CANNOT_ARISE)
def test_a_defect_without_a_test_has_a_reason(defect):
    assert len(CANNOT_ARISE[defect].split()) > 3
