"""Addresses: which ones mail can reach, and how they are read out of a pasted list."""

import pytest

from members.addresses import Mailbox, canonical, split
from members.errors import InvalidRequest


@pytest.mark.parametrize(
    "text", ["Ada@Example.COM", "a+x@n.example", "a.b@n.example", "a" * 64 + "@n.example", " ada@mail.n.example\t"]
)
def test_addresses_that_mail_can_reach(text):
    assert canonical(text) == text.strip().lower()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a@[127.0.0.1]", "invalid"),
        ("a@[IPv6:::1]", "invalid"),
        ("a@127.0.0.1", "invalid"),
        ("a@localhost", "invalid"),
        ("a@intranet", "invalid"),
        ("a" * 65 + "@n.example", "max_length"),
        ("a" * 300 + "@n.example", "max_length"),
        ("a@b@n.example", "invalid"),
        ("a@n.example\0", "invalid"),
    ],
)
def test_addresses_that_mail_cannot_reach(text, code):
    with pytest.raises(InvalidRequest) as refused:
        canonical(text)
    assert refused.value.extra["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("text", "people"),
    [
        (
            "a@n.example, b@n.example;c@n.example\nd@n.example\te@n.example f@n.example",
            {"a": "", "b": "", "c": "", "d": "", "e": "", "f": ""},
        ),
        ("Zoe Doe <a@n.example>", {"a": "Zoe Doe"}),
        ('"Doe, Zoe" <a@n.example>; Ben <b@n.example>, c@n.example', {"a": "Doe, Zoe", "b": "Ben", "c": ""}),
        ("a@n.example Ben Doe <b@n.example> c@n.example", {"a": "", "b": "Ben Doe", "c": ""}),
        ("<a@n.example>\r\n< b@n.example >", {"a": "", "b": ""}),
        (
            "'Ada' <a@n.example>; 'Doe, Ben' <b@n.example>; 'D'Arcy, Cy' <c@n.example>",
            {"a": "Ada", "b": "Doe, Ben", "c": "D'Arcy, Cy"},
        ),
        ("Pat O'Neil <a@n.example>, Flo O'Hara <b@n.example>", {"a": "Pat O'Neil", "b": "Flo O'Hara"}),
        ("'a@n.example' <a@n.example>; 'b@n.example'; \"c@n.example\"", {"a": "", "b": "", "c": ""}),
        ('"Zoe \\"Z\\" Doe"  <a@n.example>', {"a": "Zoe Z Doe"}),
        ("A@n.example; a@n.example; Ada <a@N.example>", {"A": "Ada"}),
        ("a@n.example\n" * 500, {"a": ""}),
        ("", {}),
    ],
)
def test_a_pasted_list_is_read_as_mail_programs_write_it(text, people):
    found = split(text)
    assert {one.email.partition("@")[0]: one.name for one in found} == people
    assert split("\n".join(map(str, found))) == found


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("zoe doe", ["zoe", "doe"]),
        ("zoe <doe>", ["zoe", "<doe>"]),
        ('"zoe', ['"', "zoe"]),
        ("<zoe", ["<zoe"]),
        ("zoe, a@n.example", ["zoe", "a@n.example"]),
        ("Zoe <a@n.example", ["Zoe <a@n.example"]),
        ("<a@n.example, b@n.example>", ["<a@n.example", "b@n.example>"]),
        ("a@n.ex\0ample", ["a@n.ex\0ample"]),
        ("z" * 300 + " <a@n.example>", ["a@n.example"]),
    ],
)
def test_what_is_no_address_stays_to_be_refused(text, pieces):
    assert [one.email for one in split(text)] == pieces


def test_a_long_text_without_an_address_is_read_at_once():
    assert len(split(" ".join(f"w{n}" for n in range(200_000)))) == 200_000
    assert split("<" * 200_000) == [Mailbox("<")]
    for text in ('"', "' ", "'a", " 'a", '"\\', "<a@b ", "'a'<"):
        assert split(text * 50_000)
