"""Debian and Ubuntu packages: found, or installed by apt without starting any system service."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.local.errors import LocalError

POLICY = Path("/usr/sbin/policy-rc.d")
CLUSTER_CONF = Path("/etc/postgresql-common/createcluster.conf")
# invoke-rc.d reads this file's exit status: 101 means "do not start".
_POLICY_TEXT = "#!/bin/sh\nexit 101\n"
_APT_SECONDS = 900


def install(packages: Sequence[str], why: str) -> None:
    """Install system packages; raise LocalError with the command to run by hand when that is impossible.

    The packages' own services stay stopped: Tollgate runs private processes of its checkout.
    """
    by_hand = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        raise LocalError(
            f"{why} is missing and this system has no apt-get: install {', '.join(packages)} by hand"
        )
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        raise LocalError(f"this system lacks {why}: as root run `{by_hand}`, then try again")
    print(f"tollgate: this system lacks {why}: installing {', '.join(packages)} with apt", flush=True)
    _as_root(["apt-get", "update", "-qq"], by_hand, quiet=True)
    with _no_service_starts(by_hand):
        if any(name.startswith("postgresql") for name in packages):
            _apt_install(["postgresql-common"], by_hand)
            with _no_main_cluster(by_hand):
                _apt_install(packages, by_hand)
        else:
            _apt_install(packages, by_hand)
    if Path("/run/systemd/system").is_dir():
        print(
            "tollgate: the packages' own services were not started; `systemctl disable` them if they shall stay off"
        )


def _apt_install(packages: Sequence[str], by_hand: str) -> None:
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    _as_root(["env", "DEBIAN_FRONTEND=noninteractive", *command], by_hand, quiet=True)


def _as_root(command: Sequence[str], by_hand: str, *, quiet: bool = False, text: str | None = None) -> str:
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    done = subprocess.run(
        [*prefix, *command],
        input=text,
        stdin=None if text is not None or not quiet else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_APT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise LocalError(f"`{' '.join(command)}` failed; as root run `{by_hand}`, then try again:\n{last}")
    return done.stdout


@contextlib.contextmanager
def _no_service_starts(by_hand: str) -> Iterator[None]:
    """Keep maintainer scripts from starting services. An administrator's own policy file is never touched."""
    if POLICY.exists():
        verdict = subprocess.run([POLICY, "rabbitmq-server", "start"], capture_output=True, check=False)
        if verdict.returncode != 101:
            raise LocalError(
                f"{POLICY} of this machine lets new services start, and it is not ours to change: run `{by_hand}`, stop"
                " the services it started, then try again"
            )
        yield
        return
    _as_root(["tee", str(POLICY)], by_hand, text=_POLICY_TEXT)
    try:
        _as_root(["chmod", "755", str(POLICY)], by_hand)
        yield
    finally:
        _as_root(["rm", "-f", str(POLICY)], by_hand)


@contextlib.contextmanager
def _no_main_cluster(by_hand: str) -> Iterator[None]:
    """Keep the PostgreSQL package from making and starting its `main` cluster, then restore the file as it was."""
    before = CLUSTER_CONF.read_text() if CLUSTER_CONF.exists() else None
    _as_root(["tee", str(CLUSTER_CONF)], by_hand, text=(before or "") + "\ncreate_main_cluster = false\n")
    try:
        yield
    finally:
        if before is None:
            _as_root(["rm", "-f", str(CLUSTER_CONF)], by_hand)
        else:
            _as_root(["tee", str(CLUSTER_CONF)], by_hand, text=before)


def newest_postgres() -> Path | None:
    """The folder of the newest installed PostgreSQL server's programs, or None."""
    found = [
        p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/postgres") if p.parent.parent.name.isdigit()
    ]
    return max(found, key=lambda p: int(p.parent.name), default=None)


def rabbitmq_server() -> Path | None:
    """The RabbitMQ start script that runs as the caller (the one on PATH switches to a system user), or None."""
    script = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return script if script.exists() and shutil.which("epmd") else None


# What invoices are set in; the same packages as in the image of invoicing.
FONTS = {
    "fonts-noto-core": Path("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"),
    "fonts-noto-cjk": Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
}


def ensure_fonts() -> None:
    """The fonts of documents. Where there is no apt they are asked for, not demanded: documents fall back to the
    typesetter's own, which have Latin, Greek and Cyrillic only."""
    missing = [name for name, file in FONTS.items() if not file.exists()]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        print(
            f"tollgate: without the fonts of {', '.join(missing)} invoices print Latin names only", flush=True
        )
        return
    install(missing, "fonts for invoices")


def ensure_promtool() -> None:
    """What checks the alert rules; it comes with Prometheus, which is not started."""
    if shutil.which("promtool") is None:
        install(["prometheus"], "promtool")


def ensure_servers() -> tuple[Path, Path]:
    """PostgreSQL's program folder and RabbitMQ's start script, installing what is missing."""
    missing = []
    if newest_postgres() is None:
        missing.append("postgresql")
    if rabbitmq_server() is None:
        missing.append("rabbitmq-server")
    if missing:
        install(
            missing,
            " and ".join({"postgresql": "PostgreSQL", "rabbitmq-server": "RabbitMQ"}[m] for m in missing),
        )
    postgres, rabbitmq = newest_postgres(), rabbitmq_server()
    if postgres is None or rabbitmq is None:
        raise LocalError("apt installed the packages, but PostgreSQL or RabbitMQ is not where Debian puts it")
    return postgres, rabbitmq
