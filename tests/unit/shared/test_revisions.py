"""The newest migration, found without Alembic, is the one that Alembic finds."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from shared.db.revisions import newest_revision

SERVICES = Path(__file__).parents[3] / "services"
NAMES = sorted(folder.parent.name for folder in SERVICES.glob("*/migrations"))


@pytest.mark.parametrize("service", NAMES)
def test_the_newest_revision_is_alembics_head(service: str) -> None:
    """For every service's own scripts."""
    folder = SERVICES / service / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == newest_revision(folder)


def test_two_heads_are_refused(tmp_path: Path) -> None:
    """Nobody could say which of them the code wants."""
    (tmp_path / "versions").mkdir()
    for name in ("a", "b"):
        (tmp_path / "versions" / f"{name}.py").write_text(f"revision = '{name}'\ndown_revision = None\n")
    with pytest.raises(ValueError, match="heads"):
        newest_revision(tmp_path)
