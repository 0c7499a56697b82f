"""What SIPp plays: callers and called, as its XML. ``[tenant]`` is the SIP domain, ``[source]`` the caller's number."""

from pathlib import Path

_SDP = """v=0
o=tester 1 [version] IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio 6000 RTP/AVP 0
a=rtpmap:0 PCMU/8000
a={direction}
"""


def _sdp(direction: str) -> str:
    return _SDP.format(direction=direction).replace("[version]", "2" if direction == "sendonly" else "1")


def _invite(uri: str) -> str:
    return f"""<send retrans="500"><![CDATA[
INVITE {uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[source]@[from_domain]>;tag=[pid]SIPp[call_number]
To: <{uri}>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:[source]@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

{_sdp("sendrecv")}]]></send>"""


def _within(method: str, cseq: int, body: str = "") -> str:
    kind = "Content-Type: application/sdp\n" if body else ""
    return f"""<send{' retrans="500"' if method != "ACK" else ""}><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:[source]@[from_domain]>;tag=[pid]SIPp[call_number]
To: <[uri]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:[source]@[local_ip]:[local_port]>
Max-Forwards: 70
{kind}Content-Length: [len]

{body}]]></send>"""


def _scenario(*steps: str) -> str:
    body = "\n".join(steps)
    return f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="tollgate">\n{body}\n</scenario>\n'


_PROVISIONAL = "".join(f'<recv response="{code}" optional="true"></recv>' for code in (100, 180, 183))
_ANSWERED = f'{_PROVISIONAL}<recv response="200" rrs="true"></recv>'
_OK = '<recv response="200"></recv>'


def _pause(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>'


def _ack_of_refusal(code: int) -> str:
    return f"""<send><![CDATA[
ACK [uri] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[source]@[from_domain]>;tag=[pid]SIPp[call_number]
To: <[uri]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send><!-- {code} -->"""


def completes(uri: str, *, talk_ms: int = 200, hold_ms: int = 0) -> str:
    """Answered, talks, holds the other side for a while if asked to, hangs up."""
    held = (
        [
            _within("INVITE", 2, _sdp("sendonly")),
            _ANSWERED,
            _within("ACK", 2),
            _pause(hold_ms),
            _within("INVITE", 3, _sdp("sendrecv")),
            _ANSWERED,
            _within("ACK", 3),
        ]
        if hold_ms
        else []
    )
    return _scenario(
        _invite(uri),
        _ANSWERED,
        _within("ACK", 1),
        _pause(talk_ms),
        *held,
        _within("BYE", 4),
        '<recv response="200"></recv>',
    ).replace("[uri]", uri)


def _audio(*lines: str, address: str = "[media_ip]", session: str = "", video: str = "") -> str:
    """A session description whose audio has these lines; ``session`` before all streams, ``video`` one beside it."""
    parts = ["v=0", "o=tester 1 2 IN IP4 [local_ip]", "s=-", f"c=IN IP4 {address}", "t=0 0"]
    parts += [session] * bool(session) + ["m=audio 6000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", *lines]
    parts += ["m=video 6002 RTP/AVP 99", f"a={video}"] * bool(video)
    return "\n".join(parts) + "\n"


# Ways in which telephones say hold, and retrieve again.
HOLDS = {
    "sendonly": (_audio("a=sendonly"), _audio("a=sendrecv")),
    "inactive": (_audio("a=inactive"), _audio("a=sendrecv")),
    "of the session": (_audio(session="a=inactive"), _audio()),
    "address of zeroes": (_audio(address="0.0.0.0"), _audio()),
    "with a video": (_audio("a=sendonly", video="sendrecv"), _audio(video="sendrecv")),
}
# What looks like hold and is none: the video is switched off, the address awaits candidates, the other side holds.
NO_HOLDS = {
    "video off": _audio("a=sendrecv", video="inactive"),
    "session overruled": _audio("a=sendrecv", session="a=sendonly"),
    "candidates to come": _audio("a=sendrecv", "a=ice-ufrag:8hhY", address="0.0.0.0"),
    "held by the other side": _audio("a=recvonly"),
}


def reoffers(uri: str, *offers: str, method: str = "INVITE", each_ms: int = 500) -> str:
    """Answered, then offers these session descriptions one after the other, so long apart, and hangs up."""
    steps = []
    for cseq, offer in enumerate(offers, 2):
        steps += [_within(method, cseq, offer), _ANSWERED if method == "INVITE" else _OK]
        steps += [_within("ACK", cseq)] if method == "INVITE" else []
        steps.append(_pause(each_ms))
    return _scenario(
        _invite(uri), _ANSWERED, _within("ACK", 1), _pause(100), *steps, _within("BYE", 90), _OK
    ).replace("[uri]", uri)


def answers_in_the_ack(uri: str, held: str, again: str, *, each_ms: int = 500) -> str:
    """Puts on hold by an offer, retrieves by an INVITE without one, whose ACK brings the answer."""
    return _scenario(
        _invite(uri),
        _ANSWERED,
        *(_within("ACK", 1), _within("INVITE", 2, held), _ANSWERED, _within("ACK", 2), _pause(each_ms)),
        *(_within("INVITE", 3), _ANSWERED, _within("ACK", 3, again), _pause(each_ms)),
        *(_within("BYE", 4), _OK),
    ).replace("[uri]", uri)


def gives_up(uri: str, *, after: int, pause_ms: int) -> str:
    """Dials, and cancels so long after the provisional answer ``after``: 487."""
    cancel = f"""<send retrans="500"><![CDATA[
CANCEL {uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[source]@[from_domain]>;tag=[pid]SIPp[call_number]
To: <{uri}>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>"""
    ack = _ack_of_refusal(487)
    return _scenario(
        _invite(uri),
        f'<recv response="100" optional="{"false" if after == 100 else "true"}"></recv>',
        *(['<recv response="183"></recv>'] if after == 183 else []),
        _pause(pause_ms),
        # CANCEL has the branch of its INVITE, so many steps before it.
        cancel.replace("[branch]", "[branch-4]" if after == 183 else "[branch-3]"),
        # Either may come first.
        '<recv response="200" optional="true"></recv>',
        *('<recv response="487"></recv>', ack),
    ).replace("[uri]", uri)


def vanishes(uri: str) -> str:
    """Answered, and never heard of again."""
    return _scenario(_invite(uri), _ANSWERED, _within("ACK", 1)).replace("[uri]", uri)


def is_cut(uri: str) -> str:
    """Answered, then waits for the edge to hang up; replies as a telephone over a network does, not at once.

    (Kamailio 5.6 forgets the other side's BYE when the first is answered within microseconds.)
    """
    return _scenario(
        _invite(uri),
        _ANSWERED,
        _within("ACK", 1),
        '<recv request="BYE"></recv>',
        _pause(400),
        _reply_within(),
    ).replace("[uri]", uri)


def hears(uri: str, *, media_port: int) -> str:
    """A 183 with a session description, then 480: the caller listens at ``media_port`` and never gets an answer."""
    return (
        refused(uri, 480, reason=".")
        .replace("m=audio 6000", f"m=audio {media_port}")
        .replace(
            '<recv response="183"></recv>',
            '<recv response="183"><action><ereg regexp="m=audio [0-9]+ RTP/AVP 0" search_in="body"'
            ' check_it="true" assign_to="media"/></action></recv><Reference variables="media"/>',
        )
    )


def announces(sound: Path, *, milliseconds: int = 600) -> str:
    """A media server: early media with the announcement, then 480; it never answers, so nobody pays."""
    reason = 'Reason: Q.850;cause=21;text="Service interrupted"'
    return _scenario(
        '<recv request="INVITE" crlf="true"></recv>',
        _answer(
            "183 Session Progress",
            _sdp("sendonly").replace("6000", "[rtpstream_audio_port]"),
        ),
        f'<nop><action><exec rtp_stream="{sound},1,0"/></action></nop>',
        _pause(milliseconds),
        _answer("480 Temporarily Unavailable").replace("Contact:", f"{reason}\nContact:"),
        '<recv request="ACK"></recv>',
    )


def refused(uri: str, code: int, *, reason: str = "cause=21") -> str:
    """The final answer is ``code`` with ``reason`` in the header Reason; a 183 comes before a 480."""
    before = (
        '<recv response="100" optional="true"></recv><recv response="183"></recv>'
        if code == 480
        else '<recv response="100" optional="true"></recv>'
    )
    return _scenario(
        _invite(uri),
        before,
        f'<recv response="{code}"><action><ereg regexp="{reason}" search_in="hdr" header="Reason:"'
        ' check_it="true" assign_to="found"/></action></recv>',
        '<Reference variables="found"/>',
        _ack_of_refusal(code),
    ).replace("[uri]", uri)


def registers(uri: str) -> str:
    """A phone that registers."""
    return _scenario(
        f"""<send retrans="500"><![CDATA[
REGISTER {uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[source]@[from_domain]>;tag=[pid]SIPp[call_number]
To: <sip:[source]@[from_domain]>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:[source]@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

]]></send>""",
        '<recv response="200"></recv>',
    )


def _answer(extra: str = "", body: str = "") -> str:
    kind = "Content-Type: application/sdp\n" if body else ""
    return f"""<send><![CDATA[
SIP/2.0 {extra}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:[local_ip]:[local_port]>
{kind}Content-Length: [len]

{body}]]></send>"""


def _reply_within(body: str = "") -> str:
    kind = "Content-Type: application/sdp\n" if body else ""
    return f"""<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
{kind}Content-Length: [len]

{body}]]></send>"""


def answers(*, ring_ms: int = 100) -> str:
    """Rings, answers, takes re-INVITEs, waits for the other side to hang up; also answers a REGISTER."""
    return f"""<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="tollgate-answers">
<recv request="REGISTER" optional="true" next="registered"></recv>
<recv request="INVITE" crlf="true"></recv>
{_answer("180 Ringing")}
{_pause(ring_ms)}
{_answer("200 OK", _sdp("sendrecv")).replace("<send>", '<send retrans="500">')}
<recv request="ACK" rtd="true" crlf="true"></recv>
<label id="talking"/>
<recv request="INVITE" optional="true" next="again"></recv>
<recv request="UPDATE" optional="true" next="updated"></recv>
<recv request="OPTIONS" optional="true" next="asked"></recv>
<recv request="BYE" next="over"></recv>
<label id="updated"/>
{_reply_within(_sdp("recvonly"))}
<nop next="talking"/>
<label id="asked"/>
{_reply_within()}
<nop next="talking"/>
<label id="again"/>
{_reply_within(_sdp("recvonly"))}
<recv request="ACK" next="talking"></recv>
<label id="over"/>
{_reply_within()}
<nop next="done"/>
<label id="registered"/>
{_answer("200 OK")}
<label id="done"/>
</scenario>
"""
