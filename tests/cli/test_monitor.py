"""Watching from the command line."""

import json

import numpy as np
import pytest

import lakes


@pytest.fixture
def run(command_line):
    return command_line


@pytest.fixture
def folder(tmp_path):
    def of(day):
        return lakes.rows(day, amount=np.random.default_rng(day.day).normal(50 if day.day < 9 else 60, 10, 400))

    return lakes.write(tmp_path / "lake", 10, of=of)


def test_a_table_is_watched_in_one_line_and_what_moved_is_listed(run, folder):
    code, out, err = run("monitors", "add", "orders", str(folder), "--timestamp", "at", "--baseline", "8")
    assert (code, err) == (0, "")
    assert "orders: 10 windows measured, 4,000 rows." in out
    assert "1 alert is open" in out
    assert "amount" in run("alerts")[1]
    assert "amount" in run("monitors", "show", "orders")[1]
    assert json.loads(run("alerts", "orders", "--json")[1])[0]["subject"] == "amount"


def test_applying_a_file_twice_keeps_what_was_found(run, folder, tmp_path):
    file = tmp_path / "monitors.yaml"
    file.write_text("monitors:\n  orders: {data: {uri: lake}, watch: time_series, timestamp: at}\n")
    assert "10 windows measured" in run("monitors", "apply", str(file), "--look")[1]
    assert "0 windows measured" in run("monitors", "apply", str(file), "--look")[1]
    assert "orders" in run("monitors", "list")[1]


def test_a_backfill_measures_only_what_is_asked_for(run, folder):
    run("monitors", "add", "orders", str(folder), "--timestamp", "at", "--no-look")
    code, out, _ = run(
        "monitors", "refresh", "orders", "--since", "2026-03-05T00:00:00+00:00", "--until", "2026-03-07T00:00:00+00:00"
    )
    assert (code, out) == (0, "orders: 2 windows measured, 800 rows.\n")


def test_a_table_that_is_not_there_ends_with_a_sentence_and_a_code(run, tmp_path):
    code, _, err = run("monitors", "add", "orders", str(tmp_path / "no"))
    assert code == 2
    assert str(tmp_path / "no") in err.replace("\n", "")


def test_it_can_be_paused_resumed_and_removed(run, folder):
    run("monitors", "add", "orders", str(folder), "--timestamp", "at", "--no-look")
    assert run("monitors", "pause", "orders")[:2] == (0, "orders is paused.\n")
    assert run("monitors", "resume", "orders")[:2] == (0, "orders looks again.\n")
    assert run("monitors", "remove", "orders")[0] == 0
    assert "Nothing is watched" in run("monitors", "list")[1]
    assert run("monitors", "show", "orders")[0] == 1
