"""How a phone's files have it register, and why not over TLS, in a sentence for people."""

from appliance.directory.live import Live
from appliance.directory.served import GivenFiles
from appliance.directory.sipways import SipWay, SipWays, Way
from appliance.errors import Words
from appliance.ports import SystemClock
from appliance.provision.context import PhoneContext, SiteContext, phone_context
from appliance.provision.families import load_families
from appliance.provision.order_book import ordered_site
from appliance.settings import Settings


def sip_of(settings: Settings, mac: str, family: str, model: str) -> Words | None:
    """Of one phone, taken for this family and model, or as what it was last given its files; None where it has none.

    Raises what reading orders raises.
    """
    directory = Live(settings.paths.live_dir).current()
    families = load_families(settings.paths.templates_dir, compiled=False)
    if not family:
        heads = GivenFiles(settings.paths.local_db, settings.paths.identity_dir, SystemClock()).heads().get(mac)
        family, model = (heads[0].family, heads[0].model) if heads else ("", "")
    phone, kind = directory.phone_by_mac(mac), families.family(family)
    if phone is None or kind is None:
        return None
    site = ordered_site(settings, families, SystemClock())
    own = phone_context(phone, kind.model(model) or kind.fallback_model, directory, site)
    return sip_words(own, SipWays(settings.paths.local_db).all().get(mac), site)


def sip_words(own: PhoneContext, without: SipWay | None, site: SiteContext) -> Words:
    """How this phone's files have it register, and why. `without`: what became of TLS, where it is left with UDP."""
    if own.server.secure:
        return Words("over TLS, SRTP where the other end can", "por TLS; SRTP donde el otro extremo puede")
    why = own.model.secure_sip.why
    if not site.tls_port:
        said = Words("this building does not speak TLS (sip.tls)", "este edificio no habla TLS (sip.tls)")
    elif without is not None and without.way is Way.REFUSED:
        since = f"{without.at[:16].replace('T', ' ')} UTC"
        said = Words(
            f"it was told to come over TLS and did not come by {since}; `conserje claims open` asks it again",
            f"se le pidió venir por TLS y no vino antes de {since}; `conserje claims open` se lo pide otra vez",
        )
    elif without is not None and without.way is Way.HELD:
        said = Words(
            "no phone of its model has come over TLS yet", "ningún teléfono de su modelo ha venido todavía por TLS"
        )
    elif why:
        said = Words(why, why)
    elif not site.trust.pem:
        said = Words("this building has no authority yet", "este edificio aún no tiene autoridad")
    else:
        said = Words("secure_sip is off for it", "secure_sip está apagado para él")
    return Words(f"UDP: {said.en}", f"UDP: {said.es}")
