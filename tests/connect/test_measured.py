"""The history of a metric is asked for when somebody looks."""

import math

import pytest

from serving import serving
from upriver_client import Refused, Upriver

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def test_every_value_of_a_metric_is_asked_of_the_service(engine, store):
    with serving(engine) as url, Upriver(url) as client:
        client.connect("prod", "mlflow", tracking_uri=store.server)
        values = client.measured("prod", store.told["parent"], "accuracy")
        assert len(values) >= 1
        assert [at for _, _, at in values] == sorted(at for _, _, at in values)
        assert client.measured("prod", store.told["parent"], "never logged") == []
        (value, _, _), *_ = client.measured("prod", store.told["parent"], "nan")
        assert math.isnan(value)
        with pytest.raises(Refused, match="There is no service 'nobody'"):
            client.measured("nobody", "x", "accuracy")
