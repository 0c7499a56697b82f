"""Unpacking gzip within a limit: a small body may unpack to gigabytes."""

import zlib

_GZIP = 16 + zlib.MAX_WBITS


class TooLong(Exception):
    """More than the limit when unpacked."""


class BrokenGzip(Exception):
    """Not gzip, or cut off."""


def unpacked(content: bytes, most_bytes: int) -> bytes:
    """All members of a gzip body. Raises ``TooLong`` or ``BrokenGzip``."""
    made = bytearray()
    rest = content
    while rest:
        unpacker = zlib.decompressobj(_GZIP)
        try:
            made += unpacker.decompress(rest, most_bytes + 1 - len(made))
        except zlib.error as error:
            raise BrokenGzip(str(error)) from None
        if len(made) > most_bytes:
            raise TooLong
        if not unpacker.eof:
            raise BrokenGzip("it is cut off")
        # Some writers pad with zeros behind the last member.
        rest = unpacker.unused_data.lstrip(b"\x00")
    return bytes(made)
