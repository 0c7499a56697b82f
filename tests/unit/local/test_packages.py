"""The guard around apt: no service of a package starts, and nothing of the administrator's is lost."""

import os
from pathlib import Path

import pytest

from deploy.local import packages
from deploy.local.errors import LocalError


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the two system files, writable without root."""
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(packages, "CLUSTER_CONF", tmp_path / "createcluster.conf")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def test_policy_is_in_force_while_installing_and_gone_after_a_failure(etc: Path) -> None:
    """A broken download does not leave a machine on which no service starts any more."""
    policy = etc / "policy-rc.d"
    with pytest.raises(RuntimeError, match="download"), packages._no_service_starts("by hand"):
        assert "exit 101" in policy.read_text()
        assert os.access(policy, os.X_OK)
        raise RuntimeError("download")
    assert not policy.exists()


def test_policy_of_the_administrator_is_kept(etc: Path) -> None:
    """One that forbids starts is enough as it is."""
    policy = etc / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101 # mine\n")
    policy.chmod(0o755)
    with packages._no_service_starts("by hand"):
        pass
    assert "mine" in policy.read_text()


def test_policy_that_lets_services_start_is_told_not_replaced(etc: Path) -> None:
    """The person gets the command to run by hand."""
    policy = etc / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o755)
    with (
        pytest.raises(LocalError, match="apt-get install x"),
        packages._no_service_starts("apt-get install x"),
    ):
        pass
    assert "exit 0" in policy.read_text()


@pytest.mark.parametrize("before", [None, "ssl = on\n"])
def test_cluster_setting_is_restored(etc: Path, before: str | None) -> None:
    """PostgreSQL's package makes no `main` cluster, and its configuration is as it was afterwards."""
    conf = etc / "createcluster.conf"
    if before is not None:
        conf.write_text(before)
    with packages._no_main_cluster("by hand"):
        assert conf.read_text().endswith("create_main_cluster = false\n")
    assert before == (conf.read_text() if conf.exists() else None)
