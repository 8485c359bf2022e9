"""Which of a phone's contacts are of a connection that it has lost."""

from appliance.sip_edge.kamailio.superseded import Contact, host_of, superseded

AGENT = "Yealink SIP-T46S 66.86.0.15"


def _contact(ruid: str, received: str, agent: str = AGENT) -> Contact:
    return Contact(ruid, received, agent)


def test_only_the_same_devices_other_connections_are_left() -> None:
    kept = [
        _contact("old", "sip:10.20.0.50:40001;transport=tcp"),
        _contact("now", "sip:10.20.0.50:40002;transport=tcp"),
        _contact("elsewhere", "sip:10.20.0.51:40001;transport=tcp"),
        _contact("another program", "sip:10.20.0.50:40003;transport=tcp", "baresip v1.0.0"),
        _contact("longer", "sip:10.20.0.5:40001;transport=tcp"),
        _contact("udp", ""),
    ]
    assert superseded(kept, "10.20.0.50", 40002, AGENT) == ("old",)


def test_an_address_that_came_by_no_connection_is_nobodys() -> None:
    assert host_of("sip:10.20.0.50:5060") == ""
    assert host_of("") == ""
    assert host_of("sip:[fd00::1]:5061;transport=tls") == "[fd00::1]"
