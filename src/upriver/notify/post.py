"""Post to an address that somebody else chose, without lending them our place in the network.

The host is looked up once, every address that it has is checked, and the connection goes to the one that was checked, so a
name that changes its mind in between gains nothing.  Redirects are not followed, no proxy is asked, time and size are limited.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import httpx2

from upriver.errors import Denied, Invalid, Problem, Unreachable
from upriver.notify.channel import Network

SECONDS = 15.0
MOST = 65_536  # bytes of an answer that are read
_QUOTED = 200
_METADATA = (
    ipaddress.ip_network("168.63.129.16/32"),
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def post(url: str, body: bytes, headers: Mapping[str, str], *, inner: Sequence[Network] = (), called: str) -> str:
    """Send `body` and return what was answered, in a few words.

    Args:
        url: https://…; http:// only within `inner`.
        headers: Besides those that every request has.
        inner: Networks besides the public internet where it may go.
        called: What the address is called in errors, since the address itself may be a secret.

    Raises:
        Invalid: The URL is none that can be used.
        Denied: Its host is in a network that is not allowed.
        Unreachable: It did not answer in time, or with another status than 2xx.
    """
    with ThreadPoolExecutor(max_workers=1) as alone:  # whoever calls may be inside an event loop already
        return alone.submit(asyncio.run, _within(url, body, headers, inner, called)).result()


async def _within(url: str, body: bytes, headers: Mapping[str, str], inner: Sequence[Network], called: str) -> str:
    try:
        async with asyncio.timeout(SECONDS):
            return await _posted(url, body, headers, inner, called)
    except TimeoutError as error:
        raise Unreachable(f"{called} did not answer within {SECONDS:.0f} seconds.", "It is tried again.") from error
    except (httpx2.HTTPError, ssl.SSLError, OSError) as error:
        raise Unreachable(f"{called} cannot be reached: {_reason(error)}.", "Check its address.") from error


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


async def _posted(url: str, body: bytes, headers: Mapping[str, str], inner: Sequence[Network], called: str) -> str:
    asked = parsed(url, called)
    host, port = asked.host, asked.port or {"http": 80, "https": 443}[asked.scheme]
    address = checked(await _addresses(host, port, called), inner, called, secure=asked.scheme == "https")
    where = asked.copy_with(host=str(address))
    given = httpx2.Headers(dict(headers))
    given.update({"Host": asked.netloc.decode("ascii"), "User-Agent": "Upriver", "Accept-Encoding": "identity"})
    async with (
        httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=SECONDS, verify=trust()) as client,
        client.stream("POST", where, content=body, headers=given, extensions={"sni_hostname": host}) as answer,
    ):
        said = await _start(answer)
    return _judged(answer, said, called)


@cache
def trust() -> ssl.SSLContext:
    """Return whom we believe: the authorities of this machine, read once, for it takes longer than to send."""
    return ssl.create_default_context()


def parsed(url: str, called: str) -> httpx2.URL:
    """Return the parts of `url`.

    Raises:
        Invalid: It is no address of the web, or holds a password, which belongs elsewhere.
    """
    try:
        asked = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise Invalid(f"{called} has an address that cannot be read.", "Write https://host/path.") from error
    if asked.scheme not in ("http", "https") or not asked.host:
        raise Invalid(f"{called} has no address of the web.", "Write https://host/path.")
    if asked.userinfo:
        raise Invalid(f"{called} has a password in its address.", "Leave it out; a signature says who we are.")
    return asked


async def _addresses(host: str, port: int, called: str) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{called}: there is no host {host!r}.", "Check the address.") from error
    return [str(each[4][0]) for each in found]


def checked(found: Sequence[str], inner: Sequence[Network], called: str, *, secure: bool) -> Address:
    """Return the address to connect to: the first, if all of them may be.

    Raises:
        Denied: One of them is not in the public internet, nor in a network that is allowed; or it is not `secure` and
            not within our own networks.

    Examples:
        >>> str(checked(["93.184.215.14"], (), "Webhook", secure=True))
        '93.184.215.14'
        >>> checked(["169.254.169.254"], (), "Webhook", secure=True)
        Traceback (most recent call last):
        upriver.errors.Denied: Webhook is at 169.254.169.254, which is no address of the public internet. An operator may allow its network in UPRIVER_NOTIFY_NETWORKS.
    """
    addresses = [_plain(each) for each in found]
    for address in addresses:
        ours = any(address in network for network in inner if network.version == address.version)
        if not ours and not is_public(address):
            raise Denied(
                f"{called} is at {address}, which is no address of the public internet.",
                "An operator may allow its network in UPRIVER_NOTIFY_NETWORKS.",
            )
        if not ours and not secure:
            raise Denied(f"{called} would be sent unencrypted over the internet.", "Use https://.")
    return addresses[0]


def _plain(text: str) -> Address:
    """Return the address that is really meant: IPv4 where it is wrapped into IPv6."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def is_public(address: Address) -> bool:
    """Return whether anybody could reach `address`, and it is not the door to a cloud's own settings.

    Examples:
        >>> [is_public(ipaddress.ip_address(a)) for a in ("1.1.1.1", "10.0.0.1", "127.0.0.1", "100.100.100.200", "fd00:ec2::254")]
        [True, False, False, False, False]
    """
    wrapped = getattr(address, "sixtofour", None) or (getattr(address, "teredo", None) or (None, None))[1]
    if wrapped is not None and not is_public(wrapped):
        return False
    hidden = any(address in network for network in _METADATA if network.version == address.version)
    return address.is_global and not address.is_multicast and not hidden


async def _start(answer: httpx2.Response) -> str:
    read = b""
    async for piece in answer.aiter_raw():
        read += piece
        if len(read) >= MOST:
            break
    return " ".join(read[:MOST].decode("utf-8", "replace").split())[:_QUOTED]


def _judged(answer: httpx2.Response, said: str, called: str) -> str:
    status = f"{answer.status_code} {answer.reason_phrase}".strip()
    if answer.is_success:
        return f"{called} answered {status}{f': {said}' if said else ''}"
    problem: Problem = Unreachable(f"{called} answered {status}{f': {said}' if said else ''}.", _hint(answer))
    after = answer.headers.get("Retry-After", "")
    problem.retry_after = min(int(after), 86_400) if after.isascii() and after.isdigit() else 0
    raise problem


def _hint(answer: httpx2.Response) -> str:
    if answer.is_redirect:
        return "Redirects are not followed; give the address that it points to."
    return {401: "Check its credentials.", 403: "Check its credentials.", 404: "Check its address."}.get(
        answer.status_code, ""
    )
