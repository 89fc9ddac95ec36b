"""How often healthy windows raise an alarm and how often a shift is found, on fewer windows than `bench/alarms.py` draws."""

import importlib.util
from pathlib import Path

import pytest

from upriver.monitor.measure.judge import calibrate

WINDOWS, COLUMNS = 20, 30


@pytest.fixture(scope="module")
def alarms():
    spec = importlib.util.spec_from_file_location("alarms", Path(__file__).parents[3] / "bench" / "alarms.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def healthy(alarms):
    return alarms.World(seed=1, columns=COLUMNS)


@pytest.fixture(scope="module")
def restless(alarms):
    return alarms.World(seed=2, restless=0.1, columns=COLUMNS)


def known(world):
    return calibrate(world.baseline, world.windows, world.pairs)


def alarming(alarms, world, calibration):
    return sum(bool(alarms.moved(world, *world.window(), calibration)) for _ in range(WINDOWS))


def test_healthy_windows_raise_no_alarm_even_when_nothing_is_known_of_them(alarms, healthy):
    assert alarming(alarms, healthy, calibrate(healthy.baseline, [])) == 0


def test_healthy_windows_raise_no_alarm_when_they_are_known(alarms, healthy):
    assert alarming(alarms, healthy, known(healthy)) == 0


def test_restless_windows_raise_no_alarm_once_they_are_known(alarms, restless):
    assert alarming(alarms, restless, calibrate(restless.baseline, [])) > WINDOWS / 2
    assert alarming(alarms, restless, known(restless)) == 0


def test_a_shift_of_a_fifth_of_a_standard_deviation_is_found_in_ten_thousand_rows(alarms, healthy):
    calibration = known(healthy)
    found = [
        alarms.moved(healthy, *healthy.window(10_000, shifted=n), calibration) for n in (0, 1, 7, 8, 10, 11, 17, 18)
    ]
    assert found == [["c0"], ["c1"], ["c7"], ["c8"], ["c10"], ["c11"], ["c17"], ["c18"]]


def test_a_wrong_join_is_found(alarms, healthy):
    calibration = known(healthy)
    found = [alarms.moved(healthy, *healthy.window(broken=True), calibration) for _ in range(8)]
    assert found == [["c0, c1"]] * 8
