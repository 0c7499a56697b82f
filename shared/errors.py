"""Named errors of the domain and of message handling. None of them knows HTTP.

``shared.http.problems`` turns a ``Refusal`` into RFC 9457 problem details;
``shared.messaging.consumers`` decides between retry and dead letter by ``Transient`` and ``Permanent``.
"""


class TollgateError(Exception):
    """Base of every error that Tollgate raises on purpose."""


class Refusal(TollgateError):
    """A request that cannot be fulfilled, with a sentence that says what to do.

    ``slug`` is stable and ends up in the problem's ``type``; ``field`` names the offending input.
    """

    slug = "refused"

    def __init__(self, message: str, *, field: str | None = None, slug: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if slug is not None:
            self.slug = slug


class Invalid(Refusal):
    """The input can never be accepted as it is."""

    slug = "invalid-input"


class Unauthenticated(Refusal):
    """No token, or one that does not hold."""

    slug = "unauthenticated"


class Forbidden(Refusal):
    """A valid token whose role may not do this."""

    slug = "forbidden"


class NotFound(Refusal):
    """Unknown, or another tenant's: the two must look the same from outside."""

    slug = "not-found"


class Conflict(Refusal):
    """Well-formed, but the present state does not allow it."""

    slug = "conflict"


class TooMany(Refusal):
    """More requests than one caller may send; ``retry_after_seconds`` until the next one is taken."""

    slug = "too-many-requests"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Refusal):
    """Something that we depend on is away; the same request may succeed later."""

    slug = "unavailable"


class NotSent(Unavailable):
    """What we depend on was not even reached: certainly nothing was done."""


class Failed(Refusal):
    """A service behind us failed on this very request; sending it again would fail again."""

    slug = "service-failed"


class Transient(TollgateError):
    """A message could not be handled now; it goes to the retry ladder."""


class Permanent(TollgateError):
    """A message can never be handled as it is; it goes to the dead letters with this reason."""
