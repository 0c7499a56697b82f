"""Microdeposits: how a typed bank account is known to be its holder's
(https://docs.stripe.com/payments/ach-direct-debit/set-up-payment#verify-with-microdeposits).

A small deposit arrives in a day or two; its description holds a code that only the account's holder can read.
"""

from __future__ import annotations

from urllib.parse import urlencode

from deploy.stripe_simulator import intents
from deploy.stripe_simulator.call import Call
from deploy.stripe_simulator.errors import Json, StripeRefusal

DAYS = 2
CODE = "verify_with_microdeposits"
RIGHT, EXHAUSTED, TOO_LATE = "SM11AA", "SM33CC", "SM44DD"
"""Stripe's test codes: the right one, one that uses up the tries, one that comes too late."""
AMOUNTS: dict[tuple[int, ...], str] = {(32, 45): RIGHT, (10, 11): EXHAUSTED, (40, 41): TOO_LATE}
"""The same by the amounts in cents of two deposits."""
_ENDS = {
    EXHAUSTED: (
        "payment_method_microdeposit_verification_attempts_exceeded",
        "You have exceeded the number of allowed verification attempts.",
    ),
    TOO_LATE: (
        "payment_method_microdeposit_verification_timeout",
        "Microdeposit verification was not completed within the required time.",
    ),
}


def next_action(call: Call, intent: Json) -> Json:
    """Return what the holder must do: read the deposit's code and type it on the hosted page."""
    query = {"intent": intent["id"], "client_secret": intent["client_secret"]}
    if call.account != call.platform:
        query["account"] = call.account
    # The secret travels behind the '#': it stays out of the address that servers log.
    return {
        "type": CODE,
        CODE: {
            "arrival_date": call.now() + DAYS * 86_400,
            "hosted_verification_url": f"{call.public_url}/v3/microdeposits#{urlencode(query)}",
            "microdeposit_type": "descriptor_code",
        },
    }


def judge(intent: Json, params: Json, method: Json) -> Json | None:
    """Return None for the right code or amounts, the intent's error when verification has ended; raise
    ``StripeRefusal`` for a mistyped one, which may be tried again."""
    if (intent["next_action"] or {}).get("type") != CODE:
        raise intents.wrong_state("setup_intent", intent, "verify", ("requires_action",))
    amounts = tuple(int(amount) for amount in params.get("amounts", ()))
    code = str(params.get("descriptor_code") or AMOUNTS.get(amounts, "")).upper()
    if code == RIGHT:
        return None
    if code in _ENDS:
        name, message = _ENDS[code]
        return {"type": "invalid_request_error", "code": name, "message": message, "payment_method": method}
    what = "amounts" if amounts else "descriptor_code"
    raise StripeRefusal(
        "The microdeposits do not match. Look at the bank statement again and type what is there.",
        code=f"payment_method_microdeposit_verification_{what}_mismatch",
        param=what,
    )
