"""``make docs``: writes what is generated from the code and kept in the tree."""

from deploy import configuration
from shared.events import asyncapi, export


def main() -> None:
    """Event schemas, the AsyncAPI document and the table of settings. Run from the tree's root."""
    export.main()
    asyncapi.main()
    configuration.main()
    print(f"wrote {export.FOLDER.name}/*.json beside shared/events, {asyncapi.FILE} and {configuration.FILE}")


if __name__ == "__main__":
    main()
