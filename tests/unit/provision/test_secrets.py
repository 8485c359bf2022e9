"""What descriptors say of secrets holds for every family and model: what is marked, what leads on, what tells a key."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.provision.context import common_context
from appliance.provision.render import files_for, render

from .house import SECRET, SITE, TRUST, context, families, family, house, phone

DOCS = Path(__file__).resolve().parents[3] / "docs" / "provisioning.md"

OWN_URL = "http://10.20.0.1/t/aToken/folder/"
KEY = "aKeyOf16Letters9"
EVERY = sorted(f.name for f in families().families)


@pytest.mark.acceptance("P-3")
@pytest.mark.parametrize("name", EVERY)
def test_every_file_with_an_account_or_a_password_is_marked_secret(name: str) -> None:
    of = family(name)
    for model in of.models:
        own = context(model, phone(name, model.name))
        common = common_context(model, house(), SITE)
        for file, rule in files_for(own, of):
            data = render(of, rule, own if rule.per_device else common)
            holds = SECRET.encode() in data or own.admin_password.encode() in data
            assert rule.secret or not holds, f"{model.name}: {file}"


@pytest.mark.acceptance("P-9")
@pytest.mark.parametrize("name", [n for n in EVERY if family(n).secrets.two_stages])
def test_a_first_file_leads_to_the_phones_own_url_and_holds_no_account(name: str) -> None:
    of = family(name)
    for model in (m for m in of.models if m.series != "legacy"):
        own = replace(context(model, phone(name, model.name)), own_url=OWN_URL)
        common = replace(common_context(model, house(), SITE), own_url=OWN_URL)
        rules = [rule for _, rule in files_for(own, of) if not rule.secret]
        firsts = [render(of, rule, own if rule.per_device else common) for rule in rules]
        assert any(OWN_URL.encode() in data for data in firsts), model.name
        assert not any(SECRET.encode() in data for data in firsts), model.name


@pytest.mark.acceptance("P-10")
@pytest.mark.parametrize("name", [n for n in EVERY if family(n).secrets.encryption])
def test_a_family_that_decrypts_is_told_its_key_where_its_descriptor_says(name: str) -> None:
    of = family(name)
    by_link = of.secrets.key == "link"
    for model in of.models:
        own = replace(context(model, phone(name, model.name)), own_url=OWN_URL, config_key=KEY)
        common = replace(common_context(model, house(), SITE), own_url=OWN_URL, config_key=KEY)
        files = [(rule, render(of, rule, own if rule.per_device else common)) for _, rule in files_for(own, of)]
        assert any(KEY.encode() in data for rule, data in files if rule.secret != by_link), model.name


@pytest.mark.acceptance("P-3", "Q-7")
@pytest.mark.parametrize("name", [n for n in EVERY if family(n).secrets.https == "site-ca" and n != "grandstream"])
def test_a_family_that_is_led_to_https_is_told_whom_to_trust_in_its_own_file(name: str) -> None:
    of = family(name)
    for model in (m for m in of.models if m.series != "legacy"):
        own = context(model, phone(name, model.name))
        files = [render(of, rule, own) for _, rule in files_for(own, of) if rule.secret]
        # Where the certificate is, or itself; PEM's lines may have become one.
        told = (TRUST.url.encode(), TRUST.base64.encode())
        assert all(any(word in data for word in told) for data in files), model.name


def what_each_family_can() -> str:
    """The table of docs/provisioning.md: what a family does for its secrets, or why it does not."""
    rows = ["| family | a URL of its own | encryption | HTTPS |", "|---|---|---|---|"]
    for of in sorted(families().families, key=lambda f: f.name):
        said = of.secrets
        stages = "yes" if said.two_stages else said.one_stage
        encryption = f"`{said.encryption}`" if said.encryption else said.no_encryption
        https = {"any": "yes, unchecked", "site-ca": "yes, by the site's authority"}.get(said.https, said.no_https)
        if said.https and not said.two_stages:
            https = "at a URL that is typed into it"
        rows.append(f"| {of.name} | {stages} | {encryption} | {https} |")
    return "\n".join(rows) + "\n"


@pytest.mark.acceptance("P-9", "P-10")
def test_every_family_does_each_of_the_three_or_says_why_not_and_the_manual_says_the_same() -> None:
    for of in families().families:
        said = of.secrets
        assert said.two_stages != bool(said.one_stage), f"{of.name}: a URL of its own"
        assert bool(said.encryption) != bool(said.no_encryption), f"{of.name}: encryption"
        assert bool(said.https) != bool(said.no_https), f"{of.name}: HTTPS"
    assert what_each_family_can() in DOCS.read_text(encoding="utf-8"), what_each_family_can()
