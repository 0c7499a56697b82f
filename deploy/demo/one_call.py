"""Prints one call record as FreeSWITCH's mod_json_cdr writes it: answered a minute ago, 42.3 s of talk, 5 s on hold."""

import sys
import time
from uuid import uuid4

from deploy.demo.month import Call
from deploy.demo.records import freeswitch_body
from deploy.demo.scenario import FENWICK, KESTREL

SECOND = 1_000_000


def one_call(answered: int) -> Call:
    """A call of Fenwick Dental Group. ``answered`` in microseconds since 1970."""
    return Call(
        uuid=uuid4(),
        provider=KESTREL,
        tenant=FENWICK,
        direction="outbound",
        extension="104",
        did=FENWICK.dids[0],
        far="+14155550123",
        started=answered - 6 * SECOND,
        answered=answered,
        ended=answered + 47_300_000,
        holds=((answered + 10 * SECOND, answered + 15 * SECOND),),
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(freeswitch_body(one_call((int(time.time()) - 60) * SECOND)) + b"\n")
