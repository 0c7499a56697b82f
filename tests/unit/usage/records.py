"""Look-alikes of what switches send, built from the formats' own documentation."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

ANSWER = datetime(2026, 3, 10, 15, 0, 0, 123456, tzinfo=UTC)


def micros(at: datetime) -> str:
    return str((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))


def leg(
    *,
    talk_us: int = 24_240_181,
    answer: datetime | None = ANSWER,
    uuid: str | None = None,
    domain: str = "alder.example",
    caller: str = "1001",
    called: str = "+12125550147",
    hold: str = "",
    variables: dict[str, str] | None = None,
    encoded: bool = False,
    padding: int = 0,
) -> dict[str, object]:
    """A mod_json_cdr document; ``encoded``: values URL-encoded one by one, as encode-values does."""
    begun = (answer or ANSWER) - timedelta(seconds=4)
    ended = (answer or ANSWER) + timedelta(microseconds=talk_us)
    own = uuid or str(uuid4())
    values = {
        "direction": "inbound",
        "uuid": own,
        "domain_name": domain,
        "sip_from_host": domain,
        "sip_auth_username": caller,
        "sip_call_id": f"{own}@10.0.0.7",
        "hangup_cause": "NORMAL_CLEARING",
        "start_uepoch": micros(begun),
        "answer_uepoch": micros(answer) if answer else "0",
        "end_uepoch": micros(ended),
        "billsec": "999",
        **({"hold_events": hold} if hold else {}),
        **({"sip_user_agent": "x" * padding} if padding else {}),
        **(variables or {}),
    }
    if encoded:
        values = {name: quote(value, safe="+") for name, value in values.items()}
    return {
        "core-uuid": str(uuid4()),
        "switchname": "fs1",
        "channel_data": {"state": "CS_REPORTING", "direction": "inbound"},
        "variables": values,
        "callflow": [
            {
                "caller_profile": {
                    "caller_id_name": "Ann%20O%27Hara",
                    "caller_id_number": caller,
                    "destination_number": called,
                    "uuid": own,
                    "context": "default",
                },
                "times": {"answered_time": micros(answer) if answer else "0", "hangup_time": micros(ended)},
            }
        ],
    }


def posted(document: dict[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
