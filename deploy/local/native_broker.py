"""A private RabbitMQ node of one state folder, from the system's packages, reachable from this machine alone."""

import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.probes import broker_answers
from deploy.local.process import Program

USER = "tollgate"


@dataclass(frozen=True)
class BrokerHome:
    """Where the node lives and how it is reached."""

    script: Path
    folder: Path
    log: Path
    port: int
    management_port: int
    distribution_port: int
    epmd_port: int
    password: str
    cookie: str

    @property
    def url(self) -> str:
        """amqp://user:password@host:port/ (the vhost named `/`)."""
        return f"amqp://{USER}:{self.password}@127.0.0.1:{self.port}/"

    @property
    def management_url(self) -> str:
        """http://user:password@host:port, the management API without its `/api`."""
        return f"http://{USER}:{self.password}@127.0.0.1:{self.management_port}"


def service_user() -> str | None:
    """The system user to run as when the caller is root."""
    return "rabbitmq" if os.geteuid() == 0 else None


def new_cookie() -> str:
    """The secret that lets Erlang tools into the node."""
    return secrets.token_hex(20)


def create(home: BrokerHome) -> None:
    """Write the node's configuration; its data is made by the node itself at its first start."""
    home.folder.mkdir(parents=True, exist_ok=True)
    (home.folder / "mnesia").mkdir(exist_ok=True)
    written = {
        "rabbitmq.conf": _configuration(home),
        "advanced.config": "[].\n",
        # Not the system's file, which would point the node at the system's folders.
        "rabbitmq-env.conf": "",
        "enabled_plugins": "[rabbitmq_management].\n",
        ".erlang.cookie": home.cookie,
    }
    for name, text in written.items():
        path = home.folder / name
        if path.exists() and path.read_text() == text:
            continue
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o400 if name == ".erlang.cookie" else 0o600)
    user = service_user()
    if user is not None:
        entry = pwd.getpwnam(user)
        for path in (home.folder, home.folder / "mnesia", *(home.folder / name for name in written)):
            os.chown(path, entry.pw_uid, entry.pw_gid)


def _configuration(home: BrokerHome) -> str:
    return f"""\
listeners.tcp.1 = 127.0.0.1:{home.port}
management.tcp.ip = 127.0.0.1
management.tcp.port = {home.management_port}
default_user = {USER}
default_pass = {home.password}
loopback_users = none
log.console = true
log.console.level = info
log.file = false
# Queue depths that the management API tells are at most this old.
collect_statistics_interval = 1000
disk_free_limit.absolute = 200MB
"""


def _environment(home: BrokerHome) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": str(home.folder),
        # Makes the start script exec Erlang: the process that is signalled is the node itself.
        "RUNNING_UNDER_SYSTEMD": "true",
        "RABBITMQ_NODENAME": f"tollgate-{home.port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(home.port),
        "RABBITMQ_DIST_PORT": str(home.distribution_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(home.epmd_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_CONF_ENV_FILE": str(home.folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(home.folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home.folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home.folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(home.folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home.folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(home.folder / "node.pid"),
    }


def program(home: BrokerHome) -> Program:
    """The node as a foreground process; TERM closes it cleanly."""
    return Program(
        "rabbitmq",
        [str(home.script)],
        _environment(home),
        home.folder,
        home.log,
        stop_seconds=30,
        user=service_user(),
        priority=10,
    )


def is_ready(home: BrokerHome) -> bool:
    """Whether the node takes AMQP connections and its management API answers."""
    return broker_answers(home.url, home.management_url)


def end_port_mapper(home: BrokerHome) -> None:
    """Stop the node's own epmd, which Erlang leaves running in the background."""
    epmd = shutil.which("epmd")
    if epmd is None:
        return
    environment = {**os.environ, "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(home.epmd_port)}
    subprocess.run(
        [epmd, "-port", str(home.epmd_port), "-kill"], env=environment, capture_output=True, check=False
    )
