"""The gate: emergencies first, the right answer per stage and direction, memory and tokens."""

import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from deploy.local.tokens import AUDIENCE, ISSUER, Person, TokenIssuer
from services.suspension.adapters.gate_memory import Entry, GateMemory
from services.suspension.adapters.numbers import calling_code, international, is_emergency_in, is_toll_free
from services.suspension.domain.account import Stage
from services.suspension.domain.emergency import dialled, is_emergency
from services.suspension.domain.gate import Answer, Line, decide
from services.suspension.entrypoints import verified_tokens
from services.suspension.entrypoints.verified_tokens import VerifiedTokens
from services.suspension.use_cases.answer_call import Gate
from shared.errors import Invalid, NotFound, Unauthenticated, Unavailable
from shared.http.auth import Caller, TokenVerifier
from shared.ids import TenantId, new_id
from tests.unit.suspension.builders import OTHER_PROVIDER, PROVIDER, TENANT


def make_line(stage: Stage = Stage.NONE, **values: object) -> Line:
    fields: dict[str, object] = {"country": "US", "inbound": "announce", "closed": False, **values}
    tenant_id = TenantId(fields.pop("tenant_id", TENANT))  # type: ignore[arg-type]
    return Line(tenant_id, PROVIDER, stage=stage, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stage", "outbound", "inbound"),
    [
        (Stage.NONE, "allow", "allow"),
        (Stage.NOTICE, "allow", "allow"),
        (Stage.OUTBOUND_BARRED, "reject", "allow"),
        (Stage.BOTH_BARRED, "reject", "announce"),
    ],
)
def test_each_stage_bars_its_directions(stage: Stage, outbound: Answer, inbound: Answer) -> None:
    """Outbound is rejected, inbound announced; the provider's own numbers stay reachable."""
    line = make_line(stage)
    assert decide(line, "outbound", called="domestic") == outbound
    assert decide(line, "inbound", called="domestic") == inbound
    assert decide(line, "outbound", called="reachable") == "allow"


def test_inbound_can_be_rejected_by_policy_and_closed_tenants_are() -> None:
    """The policy chooses what callers get; a closed tenant may still ask its provider."""
    assert decide(make_line(Stage.BOTH_BARRED, inbound="reject"), "inbound", called="domestic") == "reject"
    closed = make_line(closed=True)
    assert [decide(closed, d, called="reachable") for d in ("inbound", "outbound")] == ["reject", "allow"]
    assert decide(closed, "outbound", called="free") == "reject"


@pytest.mark.parametrize(
    ("to", "country"),
    [
        ("911", "US"),
        ("933", "US"),
        ("112", "US"),
        ("999", "GB"),
        ("110", "DE"),
        ("000", "AU"),
        ("15", "FR"),
        ("114", "FR"),
        ("061", "ES"),
        ("tel:988", "US"),
        ("+41144", "CH"),
        ("1414", "CH"),
        ("111", "NZ"),
        ("190", "BR"),
        ("10111", "ZA"),
        ("119", "JP"),
        ("sip:911@edge.example;user=phone", "US"),
        ("sips:112@10.0.0.1:5061", "DE"),
        ("tel:911", "US"),
        ("9-1-1", "US"),
        ("urn:service:sos", "US"),
        ("URN:service:sos.fire", "US"),
        ("112", None),
        ("911", "ZZ"),
        ("+1911", "US"),
        ("+1911", None),
        ("tel:+1911", "US"),
        ("tel:+1-911", "US"),
        ("sip:+1911@x;user=phone", "US"),
        ("1911", "US"),
        (" 1911", "US"),
        ("+911", "US"),
        ("+112", None),
        ("+49110", "DE"),
        ("49110", "DE"),
        ("+110", "DE"),
        ("+44112", "US"),
        ("0044112", "GB"),
        ("0111911", "US"),
        ("0049110", "DE"),
        ("003315", "FR"),
        ("01149110", "DE"),
        ("9911", "US"),
        ("9911", None),
        ("0112", "DE"),
        ("0110", "DE"),
        ("9999", "GB"),
        ("911,", "US"),
        ("911,,1", "US"),
        ("<sip:911@x>", "US"),
        ('"x" <sip:911@x>', "US"),
        ('"a \\"<b>\\" c" <sip:911@x;user=phone>;tag=7', "US"),
        ("Alarm <tel:911>", "US"),
        ('"911"', "US"),
        ("<urn:service:sos>", "US"),
        ("urn:service:sos.fire;x=y", "US"),
        ("911#", "US"),
        ("sip:911:5060", "US"),
        ("sip:911:secret@x", "US"),
        ("sip:911@x?subject=help", "US"),
        ("sip:%39%31%31@x", "US"),
        ("sip%3A911%40x", "US"),
        ("９１１", "US"),
        ("＋１９１１", "US"),
        ("٩١١", "US"),
        ("\u202a9\u20111\u00a01\u202c", "US"),
        ("911\x00\r\n", "US"),
        ("911" + " " * 300, "US"),
        ("911" + " " * 10_000, "US"),
        ("sip:911@x;" + "y" * 10_000, "US"),
    ],
)
def test_emergency_numbers_are_known_however_they_are_written(to: str, country: str | None) -> None:
    """Each country's own on top of those known everywhere."""
    assert is_emergency(dialled(to), country, is_emergency_in, calling_code)


@pytest.mark.parametrize("country", ["US", "GB", "DE", "AU", "FR", None])
@pytest.mark.parametrize(
    "to",
    [
        *(
            "",
            " ",
            "9",
            "8112",
            "9118",
            "99112",
            "911x",
            "x911",
            "urn:service:sosx",
            "sip:@911",
            "sip:user@911.example",
            "<>",
            "+",
            "%",
        ),
        *("+12125550100", "+12125550911", "+19115550100", "19112125550", "9112125550100", "911 212 555 0112"),
        *(
            "+442079460999",
            "+4915112345911",
            "+911123456789",
            "+999123456",
            "00442079460999",
            "01114420794112",
        ),
        *(
            "sip:9112125550100@x",
            '"911" <sip:+12125550100@x>',
            '"<sip:911@x>" <sip:+12125550100@x>',
            "2125550911#",
        ),
        *(
            "1" * 10_000,
            "911" * 90,
            "911" + "-" * 2_000 + "2125550100",
            "%39" * 3_000,
            "９" * 10_000,
            "-" * 10_000,
        ),
    ],
)
def test_other_numbers_are_no_emergency(to: str, country: str | None) -> None:
    """Nothing that merely looks like one slips through a barring, not even in countries with other numbers."""
    assert not is_emergency(dialled(to), country, is_emergency_in, calling_code)


@pytest.mark.parametrize(
    "unit",
    ["9", " 9", "%39", "９", "\ufdfa", '"', '\\"', '"\\', "<", '"<', "+", ":", "sip:", "\x00", "@", ";"],
)
def test_no_text_takes_long_to_read(unit: str) -> None:
    """10 kB of anything, also of what regular expressions dislike, stays far below the gate's 5 ms."""
    text = unit * (10_000 // len(unit))
    began = time.process_time()
    for _ in range(5):
        is_emergency(dialled(text), "US", is_emergency_in, calling_code)
        is_emergency(dialled('"' + text), "US", is_emergency_in, calling_code)
    assert (time.process_time() - began) / 10 < 0.005


def test_national_and_international_spellings_are_one_number() -> None:
    """What a phone dials is compared in E.164."""
    spellings = ["+12125550100", "12125550100", "2125550100", "01112125550100"]
    assert {international(one, "US") for one in spellings} == {"+12125550100"}
    assert international("call-me", "US") is None
    assert international("", "US") is None


def make_gate(memory: GateMemory) -> Gate:
    def note(line: Line) -> None:
        memory.note_emergency(line.tenant_id, time.time() + 3600)

    return Gate(
        memory,
        is_emergency_in=is_emergency_in,
        calling_code=calling_code,
        international=international,
        is_toll_free=is_toll_free,
        on_emergency=note,
    )


def make_entry(
    domain: str, *codes: str, tenant_id: TenantId = TENANT, stage: Stage = Stage.NONE, closed: bool = False
) -> Entry:
    return Entry(make_line(stage, tenant_id=tenant_id, closed=closed), domain, codes)


async def test_memory_finds_by_id_and_names_within_the_provider_only() -> None:
    """Case does not matter; the other provider sees nothing."""
    memory = GateMemory()
    await memory.replace([make_entry("acme.example", "acme-1")], {PROVIDER: frozenset({"+1"})})
    for name in (str(TENANT), str(TENANT).upper(), "ACME.example", "acme-1"):
        assert memory.find(PROVIDER, name) is not None
        assert memory.find(OTHER_PROVIDER, name) is None
    assert memory.find(PROVIDER, "") is None
    assert memory.reachable(PROVIDER) == frozenset({"+1"})
    assert memory.reachable(OTHER_PROVIDER) == frozenset()


@pytest.mark.parametrize(
    "name",
    [
        "ACME.sip.example",
        "acme.sip.example:5060",
        "acme.sip.example.",
        "sip:acme.sip.example",
        "sip:101@Acme.Sip.Example:5061;transport=tls",
        "<sips:101@acme.sip.example>",
        "101@acme.sip.example",
        " acme.sip.example ",
        "ACME-1",
    ],
)
async def test_a_tenant_is_found_by_what_a_switch_has(name: str) -> None:
    """Its domain in any case, with a port, within an address; never another provider's."""
    memory = GateMemory()
    await memory.replace([make_entry("acme.sip.example", "acme-1", stage=Stage.BOTH_BARRED)], {})
    gate = make_gate(memory)
    assert gate.answer(PROVIDER, name, "outbound", "+12125559999") == "reject"
    with pytest.raises(NotFound):
        gate.answer(OTHER_PROVIDER, name, "outbound", "+12125559999")


@pytest.mark.parametrize(
    "name",
    ["", " ", "@", "sip:", "sip:@", "<>", ":5060", ";", ".", "example", "acme.sip.example\n", "x" * 255],
)
async def test_what_names_nobody_is_not_found(name: str) -> None:
    """Neither an error nor the next best tenant."""
    memory = GateMemory()
    await memory.replace([make_entry(""), make_entry("acme.sip.example", tenant_id=TenantId(new_id()))], {})
    with pytest.raises(NotFound):
        make_gate(memory).answer(PROVIDER, name, "outbound", "+12125559999")


async def test_memory_updates_forget_old_names_but_not_those_of_others() -> None:
    """A renamed tenant is not found by its old name; a name that another holds too is the other's from then on."""
    memory, other = GateMemory(), TenantId(new_id())
    await memory.replace([make_entry("old", "shared")], {})
    memory.update([make_entry("other", "shared", tenant_id=other)], {})
    memory.update([make_entry("new", stage=Stage.BOTH_BARRED)], {})
    assert memory.find(PROVIDER, "old") is None
    found, taken = memory.find(PROVIDER, "new"), memory.find(PROVIDER, "shared")
    assert found is not None and found.stage is Stage.BOTH_BARRED
    assert taken is not None and taken.tenant_id == other
    await memory.replace([make_entry("new")], {})
    assert (memory.find(PROVIDER, "shared"), len(memory)) == (None, 1)


@pytest.mark.parametrize("younger_last", [True, False])
@pytest.mark.parametrize("by_updates", [True, False])
async def test_a_name_is_an_id_then_a_domain_then_a_code(younger_last: bool, by_updates: bool) -> None:
    """Whoever was heard last: no tenant takes calls of another by an account code, nor a younger by the same one."""
    memory, younger, former = GateMemory(), TenantId(new_id()), TenantId(UUID(int=1))
    assert former < TENANT < younger
    entries = [
        make_entry("former.example", "code", "acme.example", tenant_id=former, closed=True),
        make_entry("acme.example", "code"),
        make_entry("younger.example", "code", "acme.example", str(TENANT), tenant_id=younger),
    ]
    if not younger_last:
        entries.reverse()
    await memory.replace([] if by_updates else entries, {})
    if by_updates:
        for entry in (*entries, *entries):
            memory.update([entry], {})
    for name in (str(TENANT), "acme.example", "code"):
        found = memory.find(PROVIDER, name)
        assert found is not None and found.tenant_id == TENANT, name
    younger_line = memory.find(PROVIDER, "younger.example")
    assert younger_line is not None and younger_line.tenant_id == younger


async def test_gate_answers_in_the_right_order() -> None:
    """Emergency, then not loaded, unknown tenant, direction; a barred tenant reaches its provider's support."""
    memory = GateMemory()
    gate = make_gate(memory)
    assert gate.answer(PROVIDER, "", "nonsense", "911") == "allow"
    assert gate.answer(PROVIDER, "", "nonsense", "tel:+1-911") == "allow"
    with pytest.raises(Unavailable):
        gate.answer(PROVIDER, "acme", "outbound", "+1")
    barred = Entry(make_line(Stage.BOTH_BARRED), "acme")
    await memory.replace([barred], {PROVIDER: frozenset({"+12125550100"})})
    for name in ("nobody", "", "x" * 10_000):
        with pytest.raises(NotFound):
            gate.answer(PROVIDER, name, "outbound", "+1")
    with pytest.raises(NotFound):
        gate.answer(OTHER_PROVIDER, "acme", "outbound", "+1")
    with pytest.raises(Invalid):
        gate.answer(PROVIDER, "acme", "sideways", "+1")
    assert gate.answer(PROVIDER, "acme", "outbound", "2125550100") == "allow"
    assert gate.answer(PROVIDER, "acme", "outbound", "2125550101") == "reject"
    assert gate.answer(PROVIDER, "acme", "inbound", "2125550100") == "announce"
    assert gate.answer(PROVIDER, "acme", "outbound", "1911") == "allow"
    assert gate.answer(PROVIDER, "acme", "outbound", "<sip:911@edge.example>") == "allow"


@pytest.mark.parametrize(
    "to",
    [
        *("+12125550100", "12125550100", "0012125550100", "01112125550100", "tel:+1-212-555-0100"),
        *(
            "sip:+12125550100@edge.example;user=phone",
            "sip:%2B12125550100@x",
            " 12125550100",
            "tel: 12125550100",
        ),
    ],
)
@pytest.mark.parametrize("country", ["US", "DE", "ZZ"])
async def test_the_providers_numbers_are_reached_however_they_are_written(to: str, country: str) -> None:
    """A switch may leave the plus sign out, or dial abroad as its own country does; the number next to it is rejected."""
    memory = GateMemory()
    gate = make_gate(memory)
    entry = Entry(make_line(Stage.BOTH_BARRED, country=country), "acme")
    await memory.replace([entry], {PROVIDER: frozenset({"+12125550100"})})
    assert gate.answer(PROVIDER, "acme", "outbound", to) == "allow"
    assert gate.answer(PROVIDER, "acme", "outbound", to.replace("0100", "0101")) == "reject"


class CountingVerifier(TokenVerifier):
    """The real verifier, counting."""

    count = 0

    async def verify(self, token: str) -> Caller:
        self.count += 1
        return await super().verify(token)


async def test_a_token_is_verified_once_until_it_expires_or_for_five_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory is bounded, forgets after its time, and never remembers a bad token."""
    issuer = TokenIssuer(tmp_path)
    verifier = CountingVerifier(issuer=ISSUER, audience=AUDIENCE, jwks=str(issuer.jwks_file))
    now = time.time()
    at = [now]
    tokens = VerifiedTokens(verifier, real_time=lambda: at[0])
    mint = [
        issuer.mint(Person(sub=str(uuid4()), roles=["switch"], provider_id=str(PROVIDER))) for _ in range(3)
    ]
    for _ in range(3):
        assert (await tokens.verify(mint[0])).provider_id == PROVIDER
    assert verifier.count == 1
    at[0] = now + verified_tokens.LONGEST_SECONDS + 1
    await tokens.verify(mint[0])
    assert verifier.count == 2
    monkeypatch.setattr(verified_tokens, "MOST_TOKENS", 1)
    await tokens.verify(mint[1])
    await tokens.verify(mint[0])
    assert verifier.count == 4
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await tokens.verify(mint[2][:-4])
    assert verifier.count == 6


async def test_the_emergency_centre_can_call_back_for_a_while() -> None:
    """After an outbound emergency call inbound calls reach a barred tenant; only that tenant, and only so long."""
    now = 1_000.0
    memory = GateMemory(real_time=lambda: now)
    other = TenantId(uuid4())
    await memory.replace(
        [
            make_entry("acme.example", stage=Stage.BOTH_BARRED),
            make_entry("other.example", tenant_id=other, stage=Stage.BOTH_BARRED),
        ],
        {},
    )
    gate = Gate(
        memory,
        is_emergency_in=is_emergency_in,
        calling_code=calling_code,
        international=international,
        is_toll_free=is_toll_free,
        on_emergency=lambda line: memory.note_emergency(line.tenant_id, now + 3600),
    )
    assert gate.answer(PROVIDER, "acme.example", "inbound", "+12125550199") == "announce"
    assert gate.answer(PROVIDER, "acme.example", "outbound", "911") == "allow"
    assert gate.answer(PROVIDER, "acme.example", "inbound", "+12125550199") == "allow"
    assert gate.answer(PROVIDER, "acme.example", "outbound", "+12125550199") == "reject"
    assert gate.answer(PROVIDER, "other.example", "inbound", "+12125550199") == "announce"
    now += 3601
    assert gate.answer(PROVIDER, "acme.example", "inbound", "+12125550199") == "announce"


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        (make_line(Stage.OUTBOUND_BARRED, cause="spend_limit"), ["reject", "allow", "allow", "reject"]),
        (make_line(Stage.OUTBOUND_BARRED, cause="unpaid"), ["reject", "reject", "allow", "reject"]),
        (make_line(Stage.NONE, international_barred=True), ["allow", "allow", "allow", "reject"]),
        (make_line(Stage.NONE), ["allow", "allow", "allow", "allow"]),
    ],
)
async def test_limits_stop_what_costs_money(line: Line, answers: list[str]) -> None:
    """A spend limit leaves toll-free and the provider's numbers; a fraud alert stops calls to other countries."""
    memory = GateMemory()
    await memory.replace([Entry(line, "acme.example")], {PROVIDER: frozenset({"+12125550100"})})
    gate = make_gate(memory)
    numbers = ["+12125559999", "+18005550199", "(212) 555-0100", "+442079460000"]
    assert [gate.answer(PROVIDER, "acme.example", "outbound", to) for to in numbers] == answers
    assert gate.answer(PROVIDER, "acme.example", "inbound", "+12125559999") == "allow"
    assert gate.answer(PROVIDER, "acme.example", "outbound", "911") == "allow"
