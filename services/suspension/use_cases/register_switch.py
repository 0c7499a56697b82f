"""A switch that caches the gate's answers and wants to be told when they change."""

import base64
import binascii
import re
import secrets
from collections.abc import Callable

from services.suspension.use_cases.ports import AuditEntry, SuspensionWork, Switch, SwitchKind
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import ProviderId

MOST_SWITCHES = 50
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_SECRET_BYTES = (24, 64)


async def register_switch(
    work: SuspensionWork,
    provider_id: ProviderId,
    name: str,
    *,
    kind: SwitchKind,
    url: str,
    secret: str | None,
    cut_calls: bool,
    by: str,
    check_url: Callable[[str], None],
) -> Switch:
    """New, or in place of the one with this name; without ``secret`` it keeps its own or gets a new one.

    Raises ``Invalid`` (name, url, secret) and ``Conflict`` for too many.
    """
    if not _NAME.fullmatch(name):
        raise Invalid(
            "Name a switch with letters, digits, dot, dash and underscore, at most 63.", field="name"
        )
    check_url(url)
    known = await work.switches.get(provider_id, name)
    if known is None and len(await work.switches.of_provider(provider_id)) >= MOST_SWITCHES:
        raise Conflict(f"There are {MOST_SWITCHES} switches already; remove one first.")
    if secret is None:
        keep = known is not None and known.kind == kind
        secret = known.secret if keep and known is not None else _new_secret(kind)
    _check_secret(kind, secret)
    switch = Switch(provider_id, name, kind, url, secret, cut_calls)
    await work.switches.keep(switch)
    await _note(work, provider_id, "switch registered", by, {"name": name, "kind": kind, "url": url})
    return switch


async def remove_switch(work: SuspensionWork, provider_id: ProviderId, name: str, *, by: str) -> None:
    """Raises ``NotFound``."""
    if not await work.switches.drop(provider_id, name):
        raise NotFound("There is no switch with this name.", field="name")
    await _note(work, provider_id, "switch removed", by, {"name": name})


async def _note(
    work: SuspensionWork, provider_id: ProviderId, action: str, by: str, details: dict[str, str]
) -> None:
    now = await work.now(provider_id)
    await work.audit.add(provider_id, None, AuditEntry(now, work.system_now(), action, by, "", details))


def _new_secret(kind: SwitchKind) -> str:
    if kind == "webhook":
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


def _check_secret(kind: SwitchKind, secret: str) -> None:
    if kind == "kamailio_jsonrpc":
        if not 16 <= len(secret) <= 200 or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise Invalid("Give a secret of 16 to 200 letters, digits and signs, or none.", field="secret")
        return
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not _SECRET_BYTES[0] <= size <= _SECRET_BYTES[1]:
        raise Invalid(
            "A webhook's secret is `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks); or give none.",
            field="secret",
        )
