"""Which migration the code wants and which the database has, without loading Alembic: serving needs no more.

(Alembic costs 9 MiB in every process; design/operations.md wants services small.)
"""

import ast
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine


def _constants(script: Path) -> dict[str, object]:
    """``revision`` and ``down_revision`` as the script writes them."""
    found: dict[str, object] = {}
    for node in ast.parse(script.read_text()).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Constant):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        found.update({target.id: node.value.value for target in targets if isinstance(target, ast.Name)})
    return found


def newest_revision(folder: Path) -> str:
    """The one revision that no other follows. Raises ``ValueError`` when there are none or two of them."""
    scripts = [_constants(script) for script in sorted((folder / "versions").glob("*.py"))]
    followed = {one.get("down_revision") for one in scripts}
    heads = [str(one["revision"]) for one in scripts if one["revision"] not in followed]
    if len(heads) != 1:
        raise ValueError(f"{folder} has the heads {heads}; there must be one")
    return heads[0]


async def is_migrated(engine: AsyncEngine, newest: str) -> bool:
    """Whether the database is at ``newest``; readiness asks this."""
    async with engine.connect() as connection:
        try:
            rows = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all()
        except ProgrammingError:
            return False
    return list(rows) == [newest]
