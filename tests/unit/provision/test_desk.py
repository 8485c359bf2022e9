"""What the desk gives to whom: a phone its own files, a stranger nothing of anyone's, a liar nothing at all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.provision.desk import Broken, NotFound, Refused, Served, accepts_upload
from appliance.provision.families import Families
from appliance.provision.identify import Evidence, identify
from appliance.vocabulary import PhoneState
from tests.lab.formats import parse

from .house import AGENTS, MACS, OWN_FILE, SECRET, ask, families, family, house, lease, phone, without_family

EVERY = sorted(MACS)


@pytest.mark.parametrize("name", EVERY)
def test_a_known_phone_gets_its_own_file_over_http_and_tftp(name: str) -> None:
    of = family(name)
    model = identify(Evidence(user_agent=AGENTS[name]), families()).model or of.fallback_model
    directory = house(phone(name, model.name))
    path = OWN_FILE[name].format(MACS[name])
    by_http = ask(f"/{name}/{path}", directory=directory, agent=AGENTS[name], given=lease(MACS[name]))
    by_tftp = ask(path, directory=directory, given=lease(MACS[name]), transport="tftp")
    assert isinstance(by_http, Served)
    assert isinstance(by_tftp, Served)
    assert by_tftp.data == by_http.data
    assert by_http.secret
    assert by_http.mac == MACS[name]
    assert by_http.phone is not None
    config = parse(of.format, path, by_http.data)
    assert (config.sip_user, config.sip_secret) == ("p4f1x7", SECRET)
    assert config.label == "101 Ana Núñez" or "label" in of.lacking(model)


@pytest.mark.parametrize("name", EVERY)
def test_the_bytes_do_not_hang_on_the_transport(name: str) -> None:
    directory = house(phone(name))
    path = OWN_FILE[name].format(MACS[name])
    answers = [ask(path, directory=directory, given=lease(MACS[name]), transport=t) for t in ("http", "tftp", "https")]
    assert len({a.data for a in answers if isinstance(a, Served)}) == 1
    assert len({a.etag for a in answers if isinstance(a, Served)}) == 1


@pytest.mark.acceptance("P-1")
@pytest.mark.parametrize("name", EVERY)
def test_a_phone_of_which_only_the_mac_is_known_is_identified_and_served(name: str) -> None:
    directory = house(without_family(phone(name)))
    path = f"{name}/{OWN_FILE[name].format(MACS[name])}"
    answer = ask(path, directory=directory, agent=AGENTS[name], given=lease(MACS[name]))
    assert isinstance(answer, Served)


@pytest.mark.acceptance("P-2")
@pytest.mark.parametrize("name", EVERY)
def test_an_unknown_phone_is_seen_with_its_evidence_and_given_no_credentials(name: str) -> None:
    answer = ask(
        f"{name}/{OWN_FILE[name].format(MACS[name])}", directory=house(), agent=AGENTS[name], given=lease(MACS[name])
    )
    assert isinstance(answer, NotFound)
    assert answer.reason == "unknown-phone"
    sighting = answer.sighting
    assert sighting is not None
    assert (sighting.mac, sighting.family, sighting.state) == (MACS[name], name, PhoneState.UNKNOWN)
    if AGENTS[name]:
        assert sighting.model
        assert sighting.firmware
    assert sighting.evidence


@pytest.mark.acceptance("P-2")
def test_adopting_a_phone_is_all_it_takes_for_its_next_request() -> None:
    path = "yealink/001565aabbcc.cfg"
    before = ask(path, directory=house(), given=lease(MACS["yealink"]))
    after = ask(path, directory=house(phone()), given=lease(MACS["yealink"]))
    assert isinstance(before, NotFound)
    assert isinstance(after, Served)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("y000000000066.cfg", "yealink"),
        ("y000000000000.boot", "yealink"),
        ("000000000000.cfg", "polycom"),
        ("site.cfg", "polycom"),
        ("spa504G.cfg", "cisco_spa"),
        ("cfggxp2135.xml", "grandstream"),
        ("cfg.xml", "grandstream"),
        ("spa942.cfg", "linksys"),
        ("init.cfg", "linksys"),
        ("8841-3PCC.xml", "cisco_mpp"),
        ("ata192.cfg", "cisco_mpp"),
        ("dialplan.xml", "cisco_enterprise"),
        ("snomD785.htm", "snom"),
        ("F0V5UV200000.cfg", "fanvil"),
        ("cfg0010.xml", "htek"),
    ],
)
def test_common_files_are_anyones_and_hold_no_secret(path: str, name: str) -> None:
    answer = ask(path, directory=house(phone(name)))
    assert isinstance(answer, Served)
    assert not answer.secret
    assert answer.phone is None
    assert SECRET.encode() not in answer.data
    assert b"p4f1x7" not in answer.data
    config = parse(name, path, answer.data)
    assert not (config.sip_user or config.sip_secret or config.admin_password)


def test_an_unknown_phone_that_takes_a_common_file_is_seen() -> None:
    answer = ask("y000000000066.cfg", directory=house(), agent=AGENTS["yealink"], given=lease(MACS["yealink"]))
    assert isinstance(answer, Served)
    assert answer.sighting is not None
    assert answer.sighting.model == "T46S"
    assert answer.mac == ""


@pytest.mark.acceptance("P-8")
def test_a_phone_that_asks_for_anothers_file_is_refused_and_seen() -> None:
    directory = house(phone())
    answer = ask("yealink/001565aabbcc.cfg", directory=directory, given=lease("001565000666"))
    assert isinstance(answer, Refused)
    assert answer.reason == "another-phones-file"
    assert answer.sighting is not None
    assert (answer.sighting.mac, answer.sighting.state) == ("001565000666", PhoneState.QUARANTINED)
    assert any("001565aabbcc" in e for e in answer.sighting.evidence)


def test_without_a_lease_the_neighbour_table_tells_who_asks() -> None:
    answer = ask("yealink/001565aabbcc.cfg", directory=house(phone()), arp_mac="001565000666")
    assert isinstance(answer, Refused)


@pytest.mark.acceptance("P-8")
def test_a_known_phone_whose_signs_disagree_is_served_nothing_not_even_common_files() -> None:
    directory = house(phone())
    for path in ("yealink/001565aabbcc.cfg", "y000000000066.cfg"):
        answer = ask(path, directory=directory, agent=AGENTS["polycom"], given=lease(MACS["yealink"]))
        assert isinstance(answer, Refused)
        assert answer.sighting is not None
        assert answer.sighting.state is PhoneState.QUARANTINED


@pytest.mark.acceptance("P-8")
def test_a_phone_of_another_family_than_the_directory_says_is_refused() -> None:
    directory = house(replace(phone(), family="grandstream"))
    answer = ask("yealink/001565aabbcc.cfg", directory=directory, agent=AGENTS["yealink"], given=lease(MACS["yealink"]))
    assert isinstance(answer, Refused)
    assert answer.reason == "directory-disagrees"
    assert answer.sighting is not None
    assert answer.sighting.evidence[-1] == "directory: grandstream"


@pytest.mark.parametrize(
    "path",
    ["", "/", "../etc/passwd", "yealink/../../etc/shadow", "a\\b", "y0\x00.cfg", "x" * 300, "./y000000000066.cfg"],
)
def test_a_path_that_climbs_or_is_none_gets_nothing_and_no_sighting(path: str) -> None:
    answer = ask(path, directory=house(phone()))
    assert isinstance(answer, NotFound)
    assert answer.sighting is None


def test_files_that_phones_ask_for_in_passing_are_not_there() -> None:
    answer = ask(f"cfg{MACS['grandstream']}", directory=house(phone("grandstream")), given=lease(MACS["grandstream"]))
    assert isinstance(answer, NotFound)
    assert answer.reason == "no-such-file"


def test_logs_of_phones_are_accepted_and_no_other_upload() -> None:
    assert accepts_upload("polycom/0004f2aabbcc-app.log", families())
    assert not accepts_upload("0004f2aabbcc.cfg", families())
    assert not accepts_upload("x.php", families())


def test_a_model_that_nobody_knows_gets_the_familys_fewest_lines() -> None:
    agent = "Yealink SIP-T99X 99.1.0.1 00:15:65:aa:bb:cc"
    answer = ask("yealink/001565aabbcc.cfg", directory=house(phone()), agent=agent, given=lease(MACS["yealink"]))
    assert isinstance(answer, Served)
    assert b"account.2." not in answer.data


def test_a_template_that_fails_is_told_and_other_families_are_served() -> None:
    good, bad = family("polycom"), family("yealink")
    text, file = bad.templates["phone.cfg.j2"]
    broken = replace(bad, templates={**bad.templates, "phone.cfg.j2": (text + "{{ line.shoe_size }}\n", file)})
    both = Families((good, broken))
    answer = ask("yealink/001565aabbcc.cfg", directory=house(phone()), families_=both)
    assert isinstance(answer, Broken)
    assert f"phone.cfg.j2, line {text.count(chr(10)) + 1}" in answer.problem.text("en")
    assert "shoe_size" in answer.problem.text("es")
    polycom = ask(f"{MACS['polycom']}.cfg", directory=house(phone("polycom")), families_=both)
    assert isinstance(polycom, Served)


def test_a_template_that_fails_on_one_model_alone_leaves_the_others_of_its_family_their_files() -> None:
    of = family("yealink")
    text, file = of.templates["phone.cfg.j2"]
    fails = '{% if model.name == "T42S" %}{{ line.shoe_size }}{% endif %}\n'
    broken = Families((replace(of, templates={**of.templates, "phone.cfg.j2": (text + fails, file)}),))
    one = house(phone())

    def asked_by(model: str) -> object:
        agent = f"Yealink SIP-{model} 66.85.0.5 00:15:65:aa:bb:cc"
        return ask("yealink/001565aabbcc.cfg", directory=one, agent=agent, families_=broken)

    assert isinstance(asked_by("T42S"), Broken)
    assert isinstance(asked_by("T46S"), Served)
    assert isinstance(asked_by("T42S"), Broken), "and again: it is said once, refused each time"


@given(st.text(max_size=260), st.text(max_size=260))
def test_nothing_that_is_asked_breaks_it(path: str, agent: str) -> None:
    ask(path, directory=house(phone()), agent=agent)


@pytest.mark.acceptance("J-3")
@pytest.mark.parametrize("name", EVERY)
def test_a_phone_of_another_building_is_given_not_one_file_and_stands_as_a_stranger(name: str) -> None:
    directory = house(replace(phone(name), site_id="another"))
    paths = (OWN_FILE[name].format(MACS[name]), *(r.path for r in family(name).files if "{" not in r.path))
    for path in paths:
        answer = ask(f"{name}/{path}", directory=directory, agent=AGENTS[name], given=lease(MACS[name]))
        assert isinstance(answer, NotFound), path
    own = ask(f"{name}/{paths[0]}", directory=directory, agent=AGENTS[name], given=lease(MACS[name]))
    assert isinstance(own, NotFound) and own.reason == "another-building"
    assert own.sighting is not None and own.sighting.state is PhoneState.UNKNOWN
    named_only = ask(f"{name}/{paths[0]}", directory=directory, agent=AGENTS[name])
    assert isinstance(named_only, NotFound) and named_only.sighting is None, "a name in a path is nobody's presence"
