"""Another device in a broken phone's place, here in the building, whether or not the centre answers.

Person, SIP user and keys stay; by default the secret is new, so that the device that was carried away is nobody's.
"""

from appliance.directory.adoption import SECRET_BYTES
from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Phone
from appliance.directory.publish import publish
from appliance.directory.sealing import open_box
from appliance.directory.swap import Swap, Swaps
from appliance.errors import InputProblem, Words
from appliance.ports import Chance, Clock
from appliance.settings import Settings
from wire.facts import PhoneSwapped


def swap_device(
    settings: Settings,
    local: LocalStore,
    *,
    old_mac: str,
    new_mac: str,
    family: str,
    model: str,
    keep_secret: bool,
    by: str,
    clock: Clock,
    chance: Chance,
) -> Phone:
    """The phone as it now stands. MACs of twelve lower-case digits. Raises InputProblem in the user's words.

    It is taken back by swapping the other way round.
    """
    directory = Live(settings.paths.live_dir).current()
    phone = directory.phone_by_mac(old_mac)
    if phone is None:
        raise InputProblem(
            Words(f"The phone {old_mac} is in no directory.", f"El teléfono {old_mac} no está en el directorio."),
            Words("Name the phone that is to be replaced first.", "Indique primero el teléfono que se va a cambiar."),
        )
    if old_mac == new_mac or directory.phone_by_mac(new_mac) is not None:
        raise InputProblem(
            Words(f"The phone {new_mac} is assigned already.", f"El teléfono {new_mac} ya está asignado."),
            Words("Take a device that is nobody's.", "Use un aparato que no sea de nadie."),
        )
    sealed = open_box(settings.paths.identity_dir).seal(phone.sip_secret if keep_secret else chance.token(SECRET_BYTES))
    Swaps(settings.paths.local_db).keep(Swap(phone.id, old_mac, new_mac, family, model, sealed))
    local.append(
        PhoneSwapped(
            phone_id=phone.id,
            account_id=phone.account_id,
            site_id=phone.site_id,
            old_mac=old_mac,
            new_mac=new_mac,
            family=family,
            model=model,
            sip_secret=sealed,
            by=by,
            at=clock.now().isoformat(timespec="milliseconds"),
        )
    )
    local.forget_sighting(new_mac)
    publish(settings)
    swapped = Live(settings.paths.live_dir).current().phone(phone.id)
    assert swapped is not None
    return swapped
