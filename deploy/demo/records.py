"""Calls as switches write them: FreeSWITCH ``mod_json_cdr`` documents and Asterisk ``Master.csv`` rows."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

import orjson

from deploy.demo.month import Call

_SWITCH = "fs-ny-1"
_CORE = "3f1f7a0c-9a52-4d57-8c1e-2b1a6a1f9e10"


def _times(call: Call) -> dict[str, str]:
    stamps = {
        "start": call.started,
        "profile_start": call.started,
        "answer": call.answered,
        "bridge": call.answered,
        "progress": call.started + 400_000,
        "progress_media": 0,
        "resurrect": 0,
        "last_hold": call.holds[-1][0] if call.holds else 0,
        "end": call.ended,
    }
    found: dict[str, str] = {}
    for name, micros in stamps.items():
        found[f"{name}_uepoch"] = str(micros)
        found[f"{name}_epoch"] = str(micros // 1_000_000)
        if micros:
            shown = datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            found[f"{name}_stamp"] = quote(shown)
    talked = call.ended - call.answered if call.answered else 0
    rung = (call.answered or call.ended) - call.started
    for name, micros in (("duration", call.ended - call.started), ("billsec", talked), ("answersec", rung)):
        stem = name.removesuffix("sec")
        found[name] = str(micros // 1_000_000)
        found["mduration" if name == "duration" else f"{stem}msec"] = str(micros // 1_000)
        found["uduration" if name == "duration" else f"{stem}usec"] = str(micros)
    # The accumulator counts up to the hang-up, as the switch does.
    held = sum(min(off, call.ended) - on for on, off in call.holds)
    found["hold_accum_seconds"] = str(held // 1_000_000)
    found["hold_accum_ms"] = str(held // 1_000)
    found["hold_accum_usec"] = str(held)
    if call.holds:
        events = ",".join(f"{{{on},{off}}}" for on, off in reversed(call.holds))
        found["hold_events"] = quote(f"{{{events}}}")
    return found


def _variables(call: Call) -> dict[str, str]:
    outbound = call.direction == "outbound"
    caller, called = (call.extension, call.far) if outbound else (call.far, call.did)
    answered = bool(call.answered)
    cause = "NORMAL_CLEARING" if answered else "NO_ANSWER"
    return {
        "direction": "inbound",  # the A leg: it always comes in to the switch
        "uuid": str(call.uuid),
        "call_uuid": str(call.uuid),
        "session_id": str(call.started % 100_000),
        "domain_name": call.tenant.sip_domain,
        "accountcode": call.tenant.account_code,
        "sip_from_user": caller,
        "sip_from_host": call.tenant.sip_domain if outbound else "trunk.carrier.example",
        "sip_to_user": quote(called),
        "sip_to_host": call.tenant.sip_domain,
        "sip_req_user": quote(called),
        "caller_id_number": quote(call.did if outbound else call.far),
        "destination_number": quote(called),
        "call_direction": call.direction,
        "sip_call_id": f"{call.uuid.hex[:24]}@192.0.2.10",
        "sofia_profile_name": "internal" if outbound else "external",
        "sip_user_agent": quote("Yealink SIP-T46U 108.86.0.20"),
        "read_codec": "PCMU",
        "read_rate": "8000",
        "write_codec": "PCMU",
        "write_rate": "8000",
        "hangup_cause": cause,
        "hangup_cause_q850": "16" if answered else "19",
        "sip_hangup_disposition": "recv_bye" if answered else "send_cancel",
        "endpoint_disposition": "ANSWER" if answered else "EARLY%20MEDIA",
        **_times(call),
    }


def freeswitch(call: Call) -> dict[str, object]:
    """One leg's document, about the size a switch sends (variables are strings, most of them URL-encoded)."""
    outbound = call.direction == "outbound"
    called = call.far if outbound else call.did
    profile = {
        "username": call.extension,
        "dialplan": "XML",
        "caller_id_name": call.extension,
        "caller_id_number": call.extension if outbound else call.far,
        "ani": call.extension if outbound else call.far,
        "destination_number": called,
        "network_addr": "192.0.2.20",
        "uuid": str(call.uuid),
        "source": "mod_sofia",
        "context": call.tenant.sip_domain,
        "chan_name": f"sofia/internal/{call.extension}@{call.tenant.sip_domain}",
    }
    audio = dict.fromkeys(_AUDIO, 0)
    times = {
        "created_time": str(call.started),
        "profile_created_time": str(call.started),
        "progress_time": str(call.started + 400_000),
        "progress_media_time": "0",
        "answered_time": str(call.answered),
        "bridged_time": str(call.answered),
        "hangup_time": str(call.ended),
        "resurrect_time": "0",
        "transfer_time": "0",
    }
    applications = [
        {"app_name": name, "app_data": data, "app_stamp": str(call.started)}
        for name, data in (
            ("set", "hangup_after_bridge=true"),
            ("set", "continue_on_fail=NORMAL_TEMPORARY_FAILURE,USER_BUSY,NO_ANSWER"),
            ("export", f"dialed_extension={called}"),
            ("set", f"accountcode={call.tenant.account_code}"),
            ("bridge", f"sofia/gateway/carrier/{called}" if outbound else f"user/{call.extension}"),
        )
    ]
    return {
        "core-uuid": _CORE,
        "switchname": _SWITCH,
        "channel_data": {
            "state": "CS_REPORTING",
            "direction": "inbound",
            "state_number": "11",
            "flags": "0=1;1=1;3=1",
        },
        "callStats": {"audio": {"inbound": audio, "outbound": audio}},
        "variables": _variables(call),
        "app_log": {"applications": applications},
        "callflow": [
            {
                "dialplan": "XML",
                "profile_index": "1",
                "extension": {"name": "default", "number": called, "applications": applications},
                "caller_profile": {
                    **profile,
                    "originatee": {"originatee_caller_profiles": [profile]},
                },
                "times": times,
            }
        ],
    }


_AUDIO = (
    "raw_bytes media_bytes packet_count media_packet_count skip_packet_count jitter_packet_count dtmf_packet_count"
    " cng_packet_count flush_packet_count largest_jb_size jitter_min_variance jitter_max_variance jitter_loss_rate"
    " jitter_burst_rate mean_interval flaw_total quality_percentage mos"
).split()


def freeswitch_body(call: Call) -> bytes:
    return orjson.dumps(freeswitch(call))


def asterisk_csv(calls: Iterable[Call]) -> str:
    """``Master.csv`` with 18 columns; stamps in UTC (``usegmtime=yes``), seconds only, as ``cdr_csv`` writes them."""
    out = io.StringIO()
    rows = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for call in calls:
        outbound = call.direction == "outbound"
        source, destination = (call.extension, call.far) if outbound else (call.far, call.did)
        inside = f"PJSIP/{call.extension}-{call.uuid.hex[:8]}"
        outside = f"PJSIP/carrier-{call.uuid.hex[8:16]}"
        rows.writerow(
            [
                call.tenant.account_code,
                source,
                destination,
                "from-internal" if outbound else "from-trunk",
                f'"{source}" <{source}>',
                inside if outbound else outside,
                outside if outbound else inside,
                "Dial",
                f"PJSIP/{destination}@carrier,60",
                _stamp(call.started),
                _stamp(call.answered) if call.answered else "",
                _stamp(call.ended),
                (call.ended - call.started) // 1_000_000,
                (call.ended - call.answered) // 1_000_000 if call.answered else 0,
                "ANSWERED" if call.answered else "NO ANSWER",
                "DOCUMENTATION",
                f"{call.started // 1_000_000}.{call.uuid.int % 1_000_000}",
                "",
            ]
        )
    return out.getvalue()


def _stamp(micros: int) -> str:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
