import asyncio
import ipaddress
import socket
import ssl
import threading

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from messages import serving_web
from upriver.errors import Denied, Invalid, Unreachable
from upriver.notify import post as posting
from upriver.notify.post import checked, is_public, post

HERE = (ipaddress.ip_network("127.0.0.0/8"),)
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "168.63.129.16", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:0:0:0:0:80ff:fefe",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_nobody_is_sent_into_a_network_that_is_not_public(address):
    with pytest.raises(Denied, match="UPRIVER_NOTIFY_NETWORKS"):
        checked([address], (), "The webhook", secure=True)


def test_one_bad_address_among_good_ones_is_enough():
    with pytest.raises(Denied):
        checked(["93.184.215.14", "10.0.0.1"], (), "The webhook", secure=True)


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7"))
def test_a_network_that_is_allowed_may_be_reached(address):
    inner = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fc00::/7"))
    assert str(checked([str(address)], inner, "The webhook", secure=False)) == str(address)


@given(st.ip_addresses())
def test_what_is_public_is_global(address):
    assert not is_public(address) or (address.is_global and not address.is_private and not address.is_loopback)


def test_nothing_is_sent_unencrypted_over_the_internet():
    with pytest.raises(Denied, match="https"):
        checked(["93.184.215.14"], (), "The webhook", secure=False)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://h/x", "gopher://h", "https:///x", "h", "", "https://a:b@h/"]
)
def test_only_addresses_of_the_web_without_a_password_are_used(url):
    with pytest.raises(Invalid):
        post(url, b"{}", {}, called="The webhook")


def test_the_loopback_is_refused_without_being_touched(receiver):
    with pytest.raises(Denied, match=r"127\.0\.0\.1"):
        post(receiver.url, b"{}", {}, called="The webhook")
    assert receiver.got == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost", "[::ffff:127.0.0.1]"])
def test_other_ways_to_write_the_loopback_are_refused_as_well(host, receiver):
    with pytest.raises((Denied, Unreachable)):
        post(receiver.url.replace("127.0.0.1", host), b"{}", {}, called="The webhook")
    assert receiver.got == []


def test_the_host_is_looked_up_once_and_that_address_is_connected_to(receiver, monkeypatch):
    looked_up = []

    async def rebinding(self, host, port, **_):
        looked_up.append(host)
        address = "127.0.0.1" if len(looked_up) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", rebinding)
    url = receiver.url.replace("127.0.0.1", "rebinding.example")
    post(url, b"{}", {}, inner=HERE, called="The webhook")
    assert looked_up[0] == "rebinding.example"
    assert "rebinding.example" not in looked_up[1:]
    assert receiver.got[0].headers["Host"].startswith("rebinding.example")


@pytest.fixture
def named(monkeypatch):
    """Let every name be this machine, and trust one authority; return it."""

    async def here(self, host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", here)
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    monkeypatch.setattr(posting, "trust", lambda: trust)
    return authority


@pytest.mark.parametrize(
    ("name", "believed"), [("hooks.example", True), ("other.example", False), ("127.0.0.1", False)]
)
def test_a_certificate_must_be_of_the_name_and_not_of_the_address(named, name, believed):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    named.issue_cert(name).configure_cert(context)
    with serving_web(context) as web:
        url = web.url.replace("127.0.0.1", "hooks.example")
        if believed:
            assert "200" in post(url, b"{}", {}, inner=HERE, called="The webhook")
        else:
            with pytest.raises(Unreachable, match="certificate"):
                post(url, b"{}", {}, inner=HERE, called="The webhook")
        assert len(web.got) == believed


def test_redirects_are_not_followed(receiver):
    receiver.answers = [(307, {"Location": f"{receiver.url}/elsewhere"}, b"")]
    with pytest.raises(Unreachable, match="Redirects are not followed"):
        post(receiver.url, b"{}", {}, inner=HERE, called="The webhook")
    assert len(receiver.got) == 1


def test_no_proxy_is_asked(receiver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert "200" in post(receiver.url, b"{}", {}, inner=HERE, called="The webhook")


def test_an_endless_answer_is_not_read_to_its_end(receiver):
    receiver.answers = [(500, {}, b"x" * 1_000_000)]
    with pytest.raises(Unreachable) as problem:
        post(receiver.url, b"{}", {}, inner=HERE, called="The webhook")
    assert len(str(problem.value)) < 400


def test_who_does_not_answer_is_not_waited_for(receiver, monkeypatch):
    monkeypatch.setattr(posting, "SECONDS", 0.3)
    receiver.hold.clear()
    with pytest.raises(Unreachable, match="did not answer within"):
        post(receiver.url, b"{}", {}, inner=HERE, called="The webhook")


def test_who_answers_a_byte_at_a_time_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(posting, "SECONDS", 0.5)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip():
            there, _ = listening.accept()
            with there:
                for each in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
                    if done.wait(0.1):
                        return
                    there.send(bytes([each]))

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            with pytest.raises(Unreachable):
                post(f"http://127.0.0.1:{listening.getsockname()[1]}", b"{}", {}, inner=HERE, called="The webhook")
        finally:
            done.set()
            thread.join()


def test_who_asks_to_wait_is_waited_for(receiver):
    receiver.answers = [(429, {"Retry-After": "120"}, b"slow down")]
    with pytest.raises(Unreachable, match="slow down") as problem:
        post(receiver.url, b"{}", {}, inner=HERE, called="The webhook")
    assert problem.value.retry_after == 120
