"""axe-core, the accessibility checker, as the tests' browser loads it: fetched by npm once, pinned by its hash.

It is a tool of the tests alone (MPL-2.0), never served and never in the tree: the archive is kept in the virtual
environment's folder.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

VERSION = "4.14.1"
SHA512 = (
    "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b73"
    "4f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5"
)
FETCH_SECONDS = 120


def axe_source() -> str:
    """The checker's script. Raises RuntimeError without npm, or when what npm gives is not what is pinned."""
    folder = Path(sys.prefix) / ".test-tools"
    archive = folder / f"axe-core-{VERSION}.tgz"
    if not archive.exists():
        if shutil.which("npm") is None:
            raise RuntimeError("npm is missing; install it (apt-get install npm) and run again.")
        folder.mkdir(exist_ok=True)
        subprocess.run(
            ["npm", "pack", f"axe-core@{VERSION}", "--silent", "--pack-destination", str(folder)],
            check=True,
            capture_output=True,
            timeout=FETCH_SECONDS,
        )
    if hashlib.sha512(archive.read_bytes()).hexdigest() != SHA512:
        archive.unlink()
        raise RuntimeError(
            f"axe-core {VERSION} is not the archive that is pinned here; look before trusting it."
        )
    with tarfile.open(archive) as opened:
        script = opened.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()
