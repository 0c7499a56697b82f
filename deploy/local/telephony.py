"""Kamailio and SIPp, with which the tests play telephones."""

import shutil
from pathlib import Path

from deploy.local import packages

KAMAILIO = ("kamailio", "kamailio-utils-modules", "kamailio-extra-modules", "kamailio-json-modules")
_MODULES = ("http_client.so", "jansson.so", "async.so", "xhttp.so")


def _modules_are_here() -> bool:
    found = {path.name for path in Path("/usr/lib").glob("*/kamailio/modules/*.so")}
    return set(_MODULES) <= found


def ensure_telephony() -> None:
    """Install what is missing. Neither is started as a service of the system."""
    missing: list[str] = []
    if shutil.which("kamailio", path="/usr/sbin:/usr/bin:/sbin:/bin") is None or not _modules_are_here():
        missing += KAMAILIO
    if shutil.which("sipp") is None:
        missing.append("sip-tester")
    if missing:
        packages.install(missing, "Kamailio and SIPp")
