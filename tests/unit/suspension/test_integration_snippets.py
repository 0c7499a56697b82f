"""The switches' snippets in docs/integrations: all of them that can be checked without a switch."""

import re
from pathlib import Path

import pytest
from defusedxml import ElementTree

DOCS = Path(__file__).parents[3] / "docs" / "integrations"
EMERGENCY = ["911", "933", "112", "999", "1911", "+1911", "+112", "+44999", "0049112", "0111911"]
ORDINARY = ["+12125550911", "9112125550100", "9911", "2125550112", "+4411299", "1", "101"]


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a language in one of the documents."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)


def indented_xml(name: str) -> list[str]:
    """XML that stands in an indented block."""
    return re.findall(
        r"(?m)^    <configuration .*?^    </configuration>", (DOCS / name).read_text(), re.DOTALL
    )


def test_freeswitch_xml_is_well_formed() -> None:
    """Settings of the call records, and the dialplan."""
    found = [*indented_xml("freeswitch.md"), *blocks("freeswitch.md", "xml")]
    assert len(found) >= 2
    for one in found:
        ElementTree.fromstring(one)


def _freeswitch_pattern() -> str:
    (dialplan,) = blocks("freeswitch.md", "xml")
    return str(ElementTree.fromstring(dialplan).find(".//condition[@field]").attrib["expression"])


def _asterisk_pattern() -> str:
    (dialplan,) = blocks("asterisk.md", "ini")
    found = re.search(r'REGEX\("([^"]+)"', dialplan)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "pattern", [_freeswitch_pattern(), _asterisk_pattern()], ids=["FreeSWITCH", "Asterisk"]
)
def test_emergency_comes_before_the_question(pattern: str) -> None:
    """The numbers that must not wait for anybody, and none that merely look like them."""
    assert [number for number in EMERGENCY if not re.search(pattern, number)] == []
    assert [number for number in ORDINARY if re.search(pattern, number)] == []


def _priorities(dialplan: str) -> dict[str, set[str]]:
    """The labels of each context; every line is a priority, a setting, a comment or blank."""
    contexts: dict[str, set[str]] = {}
    context = ""
    for line in dialplan.splitlines():
        if not line.strip() or line.startswith(";"):
            continue
        if head := re.fullmatch(r"\[([a-z-]+)\]", line):
            context = head[1]
            contexts[context] = set()
            continue
        step = re.fullmatch(r"(?:exten => [^,]+,1| same => n(?:\(([a-z]+)\))?),([A-Za-z]+)\((.*)\)", line)
        assert step or (context == "globals" and "=" in line), line
        for opening, closing in ("()", "[]", "{}"):
            plain = line.replace("[+0-9]!", "")
            assert plain.count(opening) == plain.count(closing), line
        if step and step[1]:
            contexts[context].add(step[1])
    return contexts


def test_asterisk_jumps_lead_somewhere() -> None:
    """Labels within their context, contexts within the snippet; `tenants-inbound` is the provider's own."""
    (dialplan,) = blocks("asterisk.md", "ini")
    contexts = _priorities(dialplan)
    context = ""
    for line in dialplan.splitlines():
        if head := re.fullmatch(r"\[([a-z-]+)\]", line):
            context = head[1]
        for label in re.findall(r"\]\?([a-z]+)\)$", line):
            assert label in contexts[context], line
        for elsewhere in re.findall(r"(?:Gosub\(|Goto\(|\?)([a-z-]+),(?:s|\$)", line):
            assert elsewhere in {*contexts, "tenants-inbound"}, line
    assert {"tollgate", "from-tenants", "emergency", "from-trunk"} <= set(contexts)


def test_the_lua_script_reaches_no_shell_with_what_a_caller_sent() -> None:
    """All that comes from a call is percent-escaped before it stands in the command, and the call goes on at the end."""
    (script,) = blocks("freeswitch.md", "lua")
    (url,) = re.findall(r"local url = (.*?)\n(?=local pipe)", script, re.DOTALL)
    inserted = [part.strip() for part in re.sub(r'"[^"]*"', "", url).split("..") if part.strip()]
    assert inserted == [
        "escape(tenant)",
        "direction",
        "escape(to)",
        'escape(known("uuid"))'.replace('"uuid"', ""),
    ]
    assert "session:setAutoHangup(false)" in script
