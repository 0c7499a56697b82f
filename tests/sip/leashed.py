"""Programs of a test that end with it, even when it is killed: Kamailio and SIPp would hold their ports for ever."""

import shutil
from collections.abc import Sequence

# Of util-linux, there on every Debian; elsewhere a killed test leaves its telephones behind, as any program would.
_SETPRIV = shutil.which("setpriv")


def leashed(command: Sequence[str]) -> list[str]:
    """``command``, ended by the kernel (SIGTERM) when the thread that started it is gone."""
    return [*([_SETPRIV, "--pdeathsig", "TERM"] if _SETPRIV else []), *command]
