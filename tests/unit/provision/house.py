"""A small building for tests of what phones are given: two companies, a person, a phone of any family."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from appliance.directory.model import Account, Extension, LineKey, MemoryDirectory, Person, Phone, Site
from appliance.provision.context import PhoneContext, SiteContext, common_context, phone_context
from appliance.provision.desk import Answer, FileRequest, serve
from appliance.provision.families import Families, Family, Model, load_families
from appliance.provision.identify import Lease
from appliance.provision.render import files_for, render
from appliance.provision.trust import Trust
from appliance.settings import Settings

TEMPLATES = Settings().paths.templates_dir
HERE = Path(__file__).parent
TRUST = Trust(
    "http://10.20.0.1/ca.crt",
    "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGUsIGJ1dCBpdHMgcGxhY2UK\n-----END CERTIFICATE-----\n",
)
SITE = SiteContext(
    http="10.20.0.1",
    tftp="10.20.0.1",
    sip_host="10.20.0.1",
    tls_port=5061,
    secure_sip=True,
    ntp="10.20.0.1",
    trust=TRUST,
)
FURNISHED = replace(
    SITE,
    voice_vlan=120,
    music_uri="sip:music@10.20.0.1",
    conference_uri="sip:room@10.20.0.1",
    admin_password="Sesamo-1",
)
"""A site that sets all that can be set."""
KEYS = (
    LineKey("k1", "acme", "ph1", 1, "line"),
    LineKey("k2", "acme", "ph1", 2, "blf", "102", "Beto"),
    LineKey("k3", "acme", "ph1", 3, "speed", "5555123456", "Taxi"),
    LineKey("k4", "acme", "ph1", 4, "park"),
)
SECRET = "s3cret-Of_Ana"
ADDRESS = "10.20.0.50"
MACS = {
    "yealink": "001565aabbcc",
    "polycom": "0004f2aabbcc",
    "cisco_spa": "8843e1aabbcc",
    "grandstream": "000b82aabbcc",
    "linksys": "000e08aabbcc",
    "cisco_mpp": "00562baabbcc",
    "cisco_enterprise": "001e4aaabbcc",
    "snom": "000413aabbcc",
    "fanvil": "0c383eaabbcc",
    "htek": "001fc1aabbcc",
    "mitel_aastra": "00085daabbcc",
    "panasonic": "0080f0aabbcc",
    "avaya": "c81feaaabbcc",
    "gigaset": "7c2f80aabbcc",
    "obihai": "9cadefaabbcc",
    "algo": "0022eeaabbcc",
}
AGENTS = {
    "yealink": "Yealink SIP-T46S 66.85.0.5 00:15:65:aa:bb:cc",
    "polycom": "FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Application",
    "cisco_spa": "Cisco/SPA504G-7.4.7 (8843E1AABBCC)(CBT141100HR)",
    "grandstream": "Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b82aabbcc",
    "linksys": "Linksys/SPA-942-6.1.5(a) (000E08AABBCC)",
    "cisco_mpp": "Cisco-CP-8841-3PCC/11.0.1 (00562baabbcc)",
    "cisco_enterprise": "",
    "snom": "Mozilla/4.0 (compatible; snomD785-SIP 10.1.33.33 2010.12-00004-g9ba52f5 000413AABBCC SXM:0 UXM:0)",
    "fanvil": "Fanvil X5U-V2 2.12.16.17 0c383eaabbcc",
    "htek": "Htek UC903 2.0.4.2 00:1f:c1:aa:bb:cc",
    "mitel_aastra": "Mitel6940 MAC:00-08-5D-AA-BB-CC V:6.4.0.140-SIP",
    "panasonic": "Panasonic_KX-UT133/01.133 (0080f0aabbcc)",
    "avaya": "Mozilla/4.0 (compatible; MSIE 6.0) AVAYA/J179-4.1.3.0.6 (MAC:c81feaaabbcc)",
    "gigaset": "Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80AABBCC",
    "obihai": "OBIHAI/OBi1062-5.1.11",
    "algo": "",
}
OWN_FILE = {
    "yealink": "{}.cfg",
    "polycom": "{}-registration.cfg",
    "cisco_spa": "{}.xml",
    "grandstream": "cfg{}.xml",
    "linksys": "{}.xml",
    "cisco_mpp": "{}.xml",
    "cisco_enterprise": "SEP{}.cnf.xml",
    "snom": "{}.xml",
    "fanvil": "{}.cfg",
    "htek": "cfg{}.xml",
    "mitel_aastra": "{}.cfg",
    "panasonic": "Config{}.cfg",
    "avaya": "{}.cfg",
    "gigaset": "{}.xml",
    "obihai": "{}.xml",
    "algo": "algom{}.conf",
}


@cache
def families() -> Families:
    found = load_families(TEMPLATES)
    assert not found.problems, [p.text() for p in found.problems]
    return found


def family(name: str) -> Family:
    found = families().family(name)
    assert found is not None
    return found


def phone(family_name: str = "yealink", model: str = "", mac: str = "") -> Phone:
    return Phone(
        "ph1", "acme", "s1", "ana", mac or MACS.get(family_name, MACS["yealink"]), family_name, model, "p4f1x7", SECRET
    )


def house(
    *phones: Phone, first: str = "Ana", last: str = "Núñez", site: Site | None = None, keys: tuple[LineKey, ...] = ()
) -> MemoryDirectory:
    return MemoryDirectory(
        (
            site or Site("s1", "Reforma 26"),
            Account("acme", "Acme"),
            Account("bravo", "Bravo"),
            Person("ana", "acme", first, last),
            Extension("e1", "acme", "101", "person", "ana"),
            *phones,
            *keys,
        )
    )


def context(
    model: Model, one: Phone, directory: MemoryDirectory | None = None, site: SiteContext = SITE
) -> PhoneContext:
    return phone_context(one, model, directory or house(), site)


def all_files(
    of: Family,
    model: Model,
    one: Phone | None = None,
    directory: MemoryDirectory | None = None,
    site: SiteContext = SITE,
) -> dict[str, bytes]:
    """Name -> bytes of every file of one phone of this model."""
    one = one or phone(of.name, model.name)
    own = context(model, one, directory, site)
    common = common_context(model, directory or house(), site)
    return {name: render(of, rule, own if rule.per_device else common) for name, rule in files_for(own, of)}


def lease(mac: str, option60: bytes = b"") -> Lease:
    return Lease(mac, ADDRESS, option60)


def ask(
    path: str,
    *,
    directory: MemoryDirectory,
    agent: str = "",
    given: Lease | None = None,
    transport: str = "http",
    families_: Families | None = None,
    arp_mac: str = "",
) -> Answer:
    request = FileRequest(path, transport, ADDRESS, agent, given, arp_mac)
    return serve(request, directory, families_ or families(), SITE)


def without_family(one: Phone) -> Phone:
    return replace(one, family="", model="")
