"""``make docs``: writes what is generated from the code and kept in the tree."""

from shared.events import asyncapi, export


def main() -> None:
    """Event schemas and the AsyncAPI document. Run from the tree's root."""
    export.main()
    asyncapi.main()
    print(f"wrote {export.FOLDER.name}/*.json beside shared/events and {asyncapi.FILE}")


if __name__ == "__main__":
    main()
