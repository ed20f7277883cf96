"""Addresses: which ones mail can reach, and how they are read out of a pasted list."""

import pytest

from members.addresses import canonical, split
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
    ("text", "addresses"),
    [
        ("a@n.example, b@n.example;c@n.example\nd@n.example a@n.example", "a b c d"),
        ("Zoe Doe <a@n.example>", "a"),
        ('"Doe, Zoe" <a@n.example>; Ben <b@n.example>, c@n.example', "a b c"),
        ("a@n.example Ben Doe <b@n.example> c@n.example", "a b c"),
        ("<a@n.example>\r\n< b@n.example >", "a b"),
        ("", ""),
    ],
)
def test_a_pasted_list_is_read_as_mail_programs_write_it(text, addresses):
    assert split(text) == [f"{name}@n.example" for name in addresses.split()]


@pytest.mark.parametrize("text", ["zoe doe", "zoe <doe>", '"zoe', "<zoe", "zoe, a@n.example"])
def test_what_is_no_address_stays_to_be_refused(text):
    pieces = split(text)
    assert "".join(pieces).replace("a@n.example", "") == text.replace(", a@n.example", "").replace(" ", "")


def test_a_long_text_without_an_address_is_read_at_once():
    assert len(split(" ".join(f"w{n}" for n in range(200_000)))) == 200_000
    assert split("<" * 200_000) == ["<"]
