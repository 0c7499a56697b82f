"""What to do about a record that waits, in the words of whoever asks: a field over HTTP, an option of the command."""

OVER_HTTP = "`accept_long`"
ON_THE_COMMAND_LINE = "--accept"


def advice(reason: str | None, detail: str | None, accept: str) -> str:
    """The detail to show; ``accept`` names what accepts a call over 24 h (R14).

    Decided when it is shown: one record may be refused over HTTP and then looked at on the command line.
    """
    if reason == "over_24_hours":
        return f"The call is over 24 hours long; look at it, then replay it with {accept}, or leave it."
    return detail or ""
