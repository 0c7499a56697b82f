"""What the service and the press tell each other: msgpack messages with their length before them."""

import msgspec

LENGTH_BYTES = 4


class Job(msgspec.Struct, frozen=True):
    """``data`` is the template's JSON without ``logo`` and ``attach``; ``stamp`` in whole seconds of the epoch."""

    data: bytes
    stamp: int
    logo: bytes | None = None
    logo_format: str = "svg"
    xml: str | None = None
    description: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """``pdf`` or what went wrong; ``lacking`` is what had to be left out to get one."""

    pdf: bytes | None = None
    error: str | None = None
    lacking: tuple[str, ...] = ()
