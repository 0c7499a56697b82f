"""``python -m shared.events.export``: writes the JSON Schema of every event's data to ``shared/events/schemas``.

The files are in the tree, so that a change of the contract is seen in review; a test compares them.
"""

from pathlib import Path
from typing import Any

import orjson

from shared.events import ALL
from shared.events.envelope import Event

FOLDER = Path(__file__).parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def data_schema(event: type[Event]) -> dict[str, Any]:
    """The event's ``data`` as it is on the wire: what is sent, so decimals are strings."""
    schema = event.model_json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": event.TYPE, **schema}


def documents() -> dict[str, bytes]:
    """File name to content."""
    return {f"{event.TYPE}.json": pretty(data_schema(event)) for event in ALL}


def pretty(document: dict[str, Any]) -> bytes:
    """The same bytes for the same document, whoever writes it."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def main(folder: Path = FOLDER) -> None:
    """Writes every schema and removes those of events that are gone."""
    folder.mkdir(exist_ok=True)
    wanted = documents()
    for stale in folder.glob("*.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name, content in wanted.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
