"""Look-alikes of all legs of whole calls, as FreeSWITCH with both legs logged posts them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.unit.usage.records import ANSWER, leg, micros

SECOND = 1_000_000


def hold(*spans: tuple[float, float]) -> str:
    """``hold_events`` from seconds after ANSWER, newest first."""
    pairs = [
        f"{{{micros(ANSWER + timedelta(seconds=on))},{micros(ANSWER + timedelta(seconds=off))}}}"
        for on, off in sorted(spans, reverse=True)
    ]
    return "{" + ",".join(pairs) + "}"


@dataclass
class Leg:
    """One leg; times in seconds after ANSWER, ``answered`` None: never. ``trunk``: over the gateway or from outside."""

    uuid: str
    incoming: bool
    trunk: bool
    caller: str
    called: str
    domain: str
    answered: float | None = 0.0
    ended: float = 60.0
    holds: tuple[tuple[float, float], ...] = ()
    ties: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        begun = (self.answered or 0.0) - 4
        ended = ANSWER + timedelta(seconds=self.ended)
        answered = None if self.answered is None else ANSWER + timedelta(seconds=self.answered)
        variables = {
            "direction": "inbound" if self.incoming else "outbound",
            "sip_auth_username": self.caller if self.incoming and not self.trunk else "",
            "dialed_user": self.called if not self.incoming and not self.trunk else "",
            "sip_gateway_name": "carrier" if self.trunk and not self.incoming else "",
            "domain_name": "" if self.trunk else self.domain,
            "sip_from_host": "carrier.example" if self.trunk else self.domain,
            "start_uepoch": micros(ANSWER + timedelta(seconds=begun)),
            "end_uepoch": micros(ended),
            "hangup_cause": "NORMAL_CLEARING" if answered else "LOSE_RACE",
            **({"hold_events": hold(*self.holds)} if self.holds else {}),
            **self.ties,
        }
        made: dict[str, Any] = leg(
            uuid=self.uuid, answer=answered, caller=self.caller, called=self.called, variables=variables
        )
        # Empty variables are not written at all.
        made["variables"] = {name: value for name, value in made["variables"].items() if value != ""}
        made["channel_data"]["direction"] = variables["direction"]
        if self.trunk and self.incoming:
            made["callflow"][0]["caller_profile"]["context"] = "public"
        made["callflow"][0]["times"]["hangup_time"] = micros(ended)
        return made


def outbound(
    name: str, domain: str, *, talk: float = 60.0, holds: tuple[tuple[float, float], ...] = ()
) -> list[Leg]:
    """A user calls out: leg a from the phone with its hold, leg b to the carrier; both name each other."""
    a, b = f"{name}-a", f"{name}-b"
    return [
        Leg(a, True, False, "1001", "12125550147", domain, -0.5, talk + 0.2, holds, {"bridge_uuid": b}),
        Leg(
            b,
            False,
            True,
            "+12125550100",
            "+12125550147",
            domain,
            0.0,
            talk,
            (),
            {"originator": a, "bridge_uuid": a},
        ),
    ]


def inbound(
    name: str, did: str, domain: str, *, talk: float = 60.0, holds: tuple[tuple[float, float], ...] = ()
) -> list[Leg]:
    """A ring group: leg a from outside, three phones ring, one wins and holds."""
    a = f"{name}-a"
    phones = [f"{name}-b{at}" for at in range(3)]
    rung = "ARRAY::" + "|:".join(f"{one};Outbound Call;10{at}" for at, one in enumerate(phones))
    legs = [
        Leg(
            a,
            True,
            True,
            "+442079460123",
            did,
            domain,
            0.0,
            talk,
            (),
            {"bridge_uuid": phones[1], "originated_legs": rung},
        )
    ]
    for at, one in enumerate(phones):
        won = at == 1
        legs.append(
            Leg(
                one,
                False,
                False,
                "+442079460123",
                f"10{at}",
                domain,
                0.1 if won else None,
                talk if won else 0.1,
                holds if won else (),
                {"originator": a},
            )
        )
    return legs


def transferred(name: str, did: str, domain: str) -> list[Leg]:
    """From outside to a phone that holds and transfers, blind, to a second one that holds too: 100 s, 15 s of hold."""
    a, b, c = (f"{name}-{letter}" for letter in "abc")
    return [
        Leg(a, True, True, "+442079460123", did, domain, 0.0, 100.0, (), {"bridge_uuid": c}),
        Leg(b, False, False, "+442079460123", "1001", domain, 0.5, 40.0, ((30.0, 40.0),), {"originator": a}),
        Leg(
            c, False, False, "+442079460123", "1002", domain, 45.0, 100.0, ((50.0, 55.0),), {"originator": a}
        ),
    ]


def forwarded(name: str, did: str, domain: str) -> list[Leg]:
    """From outside to a number that forwards to a mobile: 66 s in, 60.5 s out."""
    a, b = f"{name}-a", f"{name}-b"
    return [
        Leg(a, True, True, "+442079460123", did, domain, -5.0, 61.0, (), {"bridge_uuid": b}),
        Leg(b, False, True, "+442079460123", "+491701234567", domain, 0.0, 60.5, (), {"originator": a}),
    ]
