"""The Python client of Upriver: the same nouns as the server, one method for each verb.

>>> from upriver_client import Upriver
>>> Upriver("http://127.0.0.1:8470")
Upriver('http://127.0.0.1:8470')
"""

from upriver_client.client import Refused, Upriver

__all__ = ["Refused", "Upriver"]
