"""A claim code as the technician reads it off the portal and types it into the building."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import claim

SECRETS = st.text(claim.ALPHABET, min_size=claim.SECRET_LENGTH, max_size=claim.SECRET_LENGTH)
PREFIXES = st.text("0123456789abcdef", min_size=claim.PREFIX_LENGTH, max_size=claim.PREFIX_LENGTH)


@given(SECRETS, PREFIXES)
def test_a_written_code_reads_back(secret: str, prefix: str) -> None:
    wanted = claim.Claim(secret, prefix)
    assert claim.parse(claim.write(wanted)) == wanted


def test_how_it_is_typed_does_not_matter() -> None:
    tidy = claim.parse("K7QM-2XPD-9WH0@6F1C-9A0B-2D3E-4F51")
    assert claim.parse("  k7qm 2xpd9who 6f1c9a0b2d3e4f5l ") == tidy


def test_a_code_vouches_for_one_ca_only() -> None:
    mine = claim.Claim("0" * 12, claim.fingerprint(b"the CA")[:16])
    assert mine.vouches_for(b"the CA")
    assert not mine.vouches_for(b"another CA")


def test_the_secret_is_not_in_the_repr() -> None:
    assert "K7QM" not in repr(claim.parse("K7QM-2XPD-9WHT@6F1C-9A0B-2D3E-4F50"))


@pytest.mark.parametrize(("typed", "says"), [("K7QM", "28"), ("", "28"), ("U7QM-2XPD-9WHT@6F1C-9A0B-2D3E-4F50", "U")])
def test_what_is_no_code_is_explained_in_both_languages(typed: str, says: str) -> None:
    with pytest.raises(claim.ClaimProblem) as problem:
        claim.parse(typed)
    assert says in problem.value.says_en
    assert says in problem.value.says_es


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_claim_or_a_problem(typed: str) -> None:
    with contextlib.suppress(claim.ClaimProblem):
        assert isinstance(claim.parse(typed), claim.Claim)
