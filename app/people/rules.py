"""Rules about people: addresses, tokens, mails in an hour, and who looks after whom."""

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.core.access import Actor, PartnershipRole

_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LONGEST_ADDRESS = 254
LONGEST_NAME = 150
# No mail ever leads there (RFC 2606).
ERASED_DOMAIN = "erased.invalid"

LINKS_AN_HOUR = 5
LINKS_AT_ONCE = 3
LINK_PAUSE = timedelta(minutes=20)
_HOUR = timedelta(hours=1)

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "a Chromebook"),
    ("Mac OS", "a Mac"),
    ("Linux", "Linux"),
)


def normal_address(typed: str) -> str:
    """Return an email address in the form in which it is stored and compared."""
    return typed.strip().lower()


def is_address(typed: str) -> bool:
    """Say whether a text can be an email address; that of an erased person cannot."""
    return len(typed) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(typed) is not None and not is_erased(typed)


def erased_name(user_id: int) -> str:
    """Return the name that stands for an erased person wherever their work stays."""
    return f"Former colleague {user_id}"


def erased_address(user_id: int) -> str:
    """Return the address that an erased person's account has: it leads nowhere, and theirs is free."""
    return f"former-{user_id}@{ERASED_DOMAIN}"


def is_erased(address: str) -> bool:
    """Say whether an address is that of an erased person."""
    return normal_address(address).endswith(f"@{ERASED_DOMAIN}")


def masked_address(address: str) -> str:
    """Return an address that its owner recognises and nobody else learns: r•••@example.org."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••@{domain}"


def token_hash(token: str) -> str:
    """Return what is stored of a secret token: whoever reads the database cannot use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def safe_return_path(path: str) -> str:
    """Return a path on this site to go to after signing in; anything else leads home."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return "/"
    return path if len(path) <= 200 else "/"


def next_link_at(sent: Sequence[datetime], now: datetime) -> datetime | None:
    """Return when a link may be mailed to somebody who was mailed at these moments, or None for no more.

    Three at once, then one each 20 minutes, never more than five in an hour. Whoever asks for them: the
    person can use each (a link is spent where the person asked too), so nobody can lock them out. None when
    one is on its way already.
    """
    recent = sorted(moment for moment in sent if moment > now - _HOUR)
    if len(recent) < LINKS_AT_ONCE:
        return now
    if recent[-1] > now:
        return None
    free = max(now, recent[-1] + LINK_PAUSE)
    if len(recent) >= LINKS_AN_HOUR:
        free = max(free, recent[-LINKS_AN_HOUR] + _HOUR)
    return free


def network_of(host: str) -> str:
    """Return the network of a request: an IPv4 address, or the /64 that IPv6 gives a household."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def browser_words(agent: str) -> str:
    """Return a browser's name for people from its User-Agent header, such as Firefox on Windows."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def roles_to_give(actor: Actor) -> tuple[PartnershipRole, ...]:
    """Return the roles that a person may give and take: only board managers make board managers."""
    if actor.has(PartnershipRole.BOARD_MANAGER):
        return tuple(PartnershipRole)
    if actor.has(PartnershipRole.ADMINISTRATOR):
        return tuple(role for role in PartnershipRole if role is not PartnershipRole.BOARD_MANAGER)
    return ()


def may_look_after(actor: Actor, user_id: int, roles: frozenset[PartnershipRole]) -> bool:
    """Say whether a person may change somebody's roles, and switch their access off and on.

    Administrators change neither board managers nor themselves: nobody gives themselves more than they have.
    """
    if actor.has(PartnershipRole.BOARD_MANAGER):
        return True
    return (
        actor.has(PartnershipRole.ADMINISTRATOR)
        and PartnershipRole.BOARD_MANAGER not in roles
        and user_id != actor.user_id
    )
