"""Each alert fires where it should, and says where to read on."""

import re
import subprocess

import yaml

from tests.architecture.tree import ROOT

FOLDER = ROOT / "deploy/observability"


def test_the_rules_fire_and_stay_silent_as_their_tests_say() -> None:
    """`make test` installs promtool."""
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_to_fire_and_has_its_runbook() -> None:
    """A link leads to a heading that exists."""
    rules = [
        rule
        for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
        for rule in group["rules"]
    ]
    cases = [
        case
        for test in yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    assert {rule["alert"] for rule in rules} == {case["alertname"] for case in cases if case["exp_alerts"]}
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    anchors = {"docs/operations.md#" + heading.lower().replace(" ", "-") for heading in headings}
    assert {rule["annotations"]["runbook_url"] for rule in rules} <= anchors
