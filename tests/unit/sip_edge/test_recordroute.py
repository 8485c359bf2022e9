"""Record-Route for each side, and the From that Kamailio gives back."""

from base64 import b64decode

from appliance.sip_edge.recordroute import End, record_routes, restoring

PHONES, TLS = End("10.20.0.1:5060"), End("10.20.0.1:5061", "tls")


def test_two_phones_on_one_side_need_one_header() -> None:
    assert record_routes(PHONES, PHONES, "a1", ";cj=7") == "Record-Route: <sip:10.20.0.1:5060;lr;ftag=a1;cj=7>\r\n"


def test_a_phone_on_tls_reads_tls_and_the_other_its_own_side() -> None:
    callee, caller = record_routes(PHONES, TLS, "a1", "").splitlines()
    assert callee == "Record-Route: <sip:10.20.0.1:5061;transport=tls;r2=on;lr;ftag=a1>"
    assert caller == "Record-Route: <sip:10.20.0.1:5060;r2=on;lr;ftag=a1>"


def test_either_uri_can_be_had_from_the_other() -> None:
    original, shown = "sip:p-ana-x7k2@10.20.0.1", "sip:101@10.20.0.1"
    mixed = b64decode(restoring(original, shown).removeprefix(";vsf=").replace("-", "="))
    assert len(mixed) == len(original)
    padded = shown.encode().ljust(len(mixed), b"\0")
    assert bytes(a ^ b for a, b in zip(mixed, padded, strict=True)).decode() == original
