"""Ports of a state folder."""

import socket
from pathlib import Path

from deploy.local.ports import PortBook, is_free


def test_port_is_remembered_across_starts(tmp_path: Path) -> None:
    """An address in endpoints.json stays true when the stack comes up again."""
    assert PortBook(tmp_path).port("usage") == PortBook(tmp_path).port("usage")


def test_names_never_share_a_port(tmp_path: Path) -> None:
    """Each program of a stack has its own."""
    book = PortBook(tmp_path)
    assert len({book.port(f"program-{number}") for number in range(20)}) == 20


def test_port_that_a_stranger_took_is_given_up(tmp_path: Path) -> None:
    """Unless it is known to be the stack's own server that listens there."""
    book = PortBook(tmp_path)
    port = book.port("usage")
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        assert not is_free(port)
        assert port == PortBook(tmp_path).port("usage", in_use_is_ours=True)
        assert port != PortBook(tmp_path).port("usage")
