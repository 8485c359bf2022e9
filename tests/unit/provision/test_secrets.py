"""What descriptors say of secrets holds for every family and model: what is marked, what leads on, what tells a key."""

from dataclasses import replace

import pytest

from appliance.provision.context import common_context
from appliance.provision.render import files_for, render

from .house import SECRET, SITE, context, families, family, house, phone

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
