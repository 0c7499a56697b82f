"""Ready addresses of the Billing page: one for each demonstration person, with a token in the fragment."""

import json
import os
from pathlib import Path

import jwt

_TENANT_ROLES = {"tenant_admin", "tenant_user"}


def billing_links(endpoints_file: Path) -> dict[str, str]:
    """Address by the person's name, in the order in which the demonstration made them; only tenants' people."""
    endpoints = json.loads(endpoints_file.read_text())
    found: dict[str, str] = {}
    for token in endpoints["tokens"].values():
        # Our own tokens, read for their names: the gateway verifies them.
        claims = jwt.decode(token, options={"verify_signature": False})
        if _TENANT_ROLES & set(claims["roles"]):
            found[claims["name"]] = f"{endpoints['billing_page']}#token={token}"
    return found


def write_links(endpoints_file: Path) -> Path:
    """``links.txt`` beside the endpoints: a name and its address a line; readable by its owner alone."""
    file = endpoints_file.with_name("links.txt")
    lines = [f"{name}\n  {link}\n" for name, link in billing_links(endpoints_file).items()]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write("\n".join(lines))
    return file
