"""What goes wrong on a newcomer's machine, as one line that says what to do."""


class LocalError(RuntimeError):
    """A local set-up step failed. The message names the step, the log to read and the way out."""
