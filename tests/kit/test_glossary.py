"""The glossary: one plain line for every name on the wire."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from grantlab.glossary import ENTRIES, explain
from grantlab.masking import SECRET_HEADERS

SECTION = r"(RFC \d{4} §[\d.]+|O[A-Za-z0-9. -]+ §[\d.]+|W3C .+ §[\d.]+|(Okta|This lab): .+)"


def test_every_entry_is_one_plain_sentence_with_a_source() -> None:
    for entry in ENTRIES:
        assert re.fullmatch(r"[A-Z][^\n]{10,120}[.…]", entry.meaning), entry
        assert re.fullmatch(
            r"(RFC \d{4} §[\d.]+|O[A-Za-z0-9. -]+ §[\d.]+|W3C .+ §[\d.]+|(Okta|This lab): .+)",
            entry.section,
        ), entry


def test_no_name_is_explained_twice_in_one_kind() -> None:
    counts = Counter((entry.kind, entry.name) for entry in ENTRIES)

    assert [key for key, count in counts.items() if count > 1] == []
    assert len(ENTRIES) >= 120


@pytest.mark.parametrize(
    ("name", "place", "kind", "section"),
    [
        ("code", "form", "request", "RFC 6749 §4.1.3"),
        ("code", "location", "answer", "RFC 6749 §4.1.2"),
        ("redirect_uri", "location", "request", "RFC 6749 §3.1.2"),
        ("access_token", "fragment", "answer", "RFC 6749 §5.1"),
        ("refresh_token", "json", "answer", "RFC 6749 §1.5"),
        ("exp", "json", "claim", "RFC 7519 §4.1.4"),
        ("iss", "claim", "claim", "RFC 7519 §4.1.1"),
        ("iss", "location", "answer", "RFC 9207 §2"),
        ("kid", "jose", "jose", "RFC 7515 §4.1.4"),
        ("WWW-Authenticate", "header", "header", "RFC 9110 §11.6.1"),
        ("scope", None, "request", "RFC 6749 §3.3"),
    ],
)
def test_a_name_is_explained_as_it_is_meant_at_its_place(
    name: str, place: str | None, kind: str, section: str
) -> None:
    entry = explain(name, place)

    assert entry is not None
    assert (entry.kind, entry.section) == (kind, section)


def test_a_name_nobody_specified_has_no_entry() -> None:
    assert explain("favourite_colour") is None
    assert explain("scope", "header") is None
    assert explain("location", "claim") is None


def test_every_header_that_holds_a_credential_is_explained() -> None:
    assert {name for name in SECRET_HEADERS if explain(name, "header") is None} == {
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
    }
