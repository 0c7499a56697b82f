"""The browser that the Billing page's tests drive."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import LocalError

_NAMES = ("chromium", "google-chrome", "google-chrome-stable")


def system_chromium() -> Path | None:
    """A Chromium of the system that is not a snap: a snap cannot read a test's temporary profile."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    return Path(found) if found and not Path(found).resolve().is_relative_to("/snap") else None


def ensure_chromium() -> None:
    """Install Chromium when missing: Debian's package, or Playwright's own build where the system has only a snap."""
    if system_chromium() is not None:
        return
    if platform.freedesktop_os_release().get("ID") == "ubuntu":
        print(
            "tollgate: Ubuntu has Chromium as a snap only, which tests cannot drive; getting Playwright's build"
        )
        done = subprocess.run(
            [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=False
        )
        if done.returncode != 0:
            raise LocalError(
                "no browser for the page's tests: install Google Chrome's .deb package, then try again"
            )
        return
    packages.install(["chromium"], "Chromium")
