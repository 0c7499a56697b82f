"""States of a payment and of the attempts that make it (design/stripe.md, section 4.3).

created → submitted → (requires_action | processing | unknown) → succeeded | failed | canceled.
"""

from enum import StrEnum


class State(StrEnum):
    """``REQUIRES_ACTION`` waits for a person: a challenge, or card details typed into Stripe's own fields."""

    CREATED = "created"
    SUBMITTED = "submitted"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


OPEN = frozenset({State.CREATED, State.SUBMITTED, State.REQUIRES_ACTION, State.PROCESSING, State.UNKNOWN})
# The service itself has something to do next; a test clock waits for these.
UNDER_WAY = frozenset({State.CREATED, State.SUBMITTED, State.UNKNOWN})

_WORDS = {
    State.CREATED: "Processing",
    State.SUBMITTED: "Processing",
    State.PROCESSING: "Processing",
    State.UNKNOWN: "Being checked",
    State.REQUIRES_ACTION: "Waiting for you",
    State.SUCCEEDED: "Succeeded",
    State.FAILED: "Failed",
    State.CANCELED: "Canceled",
}


def in_words(state: State) -> str:
    """What the tenant reads in Payment History (R58)."""
    return _WORDS[state]


def may_become(old: State, new: State) -> bool:
    """Whether what Stripe reports may change what we hold, whatever order reports come in.

    Captured money is the strongest fact: nothing undoes it here (refunds are facts of their own), and it is
    believed even after we had given an attempt up. Among the others an end is an end; a bank debit that is on
    its way is not called back by an older report.
    """
    if old == new or old is State.SUCCEEDED:
        return False
    if new is State.SUCCEEDED:
        return True
    if old not in OPEN or new is State.CREATED:
        return False
    if new is State.SUBMITTED:
        return old is State.CREATED
    if new is State.UNKNOWN:
        return old is State.SUBMITTED
    return True
