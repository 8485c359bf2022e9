"""Phones on SIP over TLS and SRTP talk with phones that know neither, and with each other; the wire holds no speech."""

import time
from dataclasses import replace

import pytest

from tests.acceptance.conftest import House
from tests.lab.audio import loudest, tone_level
from tests.lab.capture import read_capture
from tests.lab.phones import AUDIBLE_DBFS, Phone
from tests.lab.useragent import SipAccount


def _on_tls(house: House, person: str) -> Phone:
    """The person's phone, its line typed in for TLS, with the site's own authority trusted."""
    phone = house.phone(person)
    if phone.agent.account.transport != "tls":
        settings = house.building.settings
        known: SipAccount = phone.agent.account
        trusted = (settings.paths.identity_dir / "site-ca.crt").read_text()
        by_tls = replace(known, transport="tls", port=settings.sip.tls_port, ca=trusted, srtp="mandatory")
        phone.boot(account=by_tls)
    return phone


@pytest.mark.acceptance("Q-7")
def test_a_phone_on_tls_and_one_on_udp_call_each_other_and_its_wire_carries_srtp(house: House, centre: str) -> None:
    ana, beto = _on_tls(house, "ana"), house.phone("beto")
    call = ana.call("102").established()
    # What Ana says was taken out of SRTP for Beto.
    beto.incoming(after=beto.called() - 1).hears(ana.hz)
    call.hears(beto.hz)
    heard = loudest(call.on_the_wire())
    assert tone_level(heard.pcm()[-8000:], beto.hz) < AUDIBLE_DBFS, "nobody on the wire can tell what is said"
    call.hang_up()
    call.ended()
    back = beto.call("101").established()
    back.hears(ana.hz)
    back.hang_up()
    back.ended()
    ana.power_off()


@pytest.mark.acceptance("Q-7")
def test_no_word_of_the_signalling_crosses_a_tls_phones_wire_in_clear(house: House, centre: str) -> None:
    ana = _on_tls(house, "ana")
    house.phone("beto")
    began = time.time()
    call = ana.call("102").established()
    call.hang_up()
    call.ended()
    seen = [d for d in read_capture(ana.capture_file) if d.at >= began and 5060 in (d.source[1], d.destination[1])]
    assert not any(b"SIP/2.0" in d.payload for d in seen)
    ana.power_off()
