"""The hatch as a whole: its door with every answer behind it. The TFTP process starts it."""

from appliance.ports import Chance, Clock
from appliance.provision.catalogue import Catalogue
from appliance.provision.hatch_door import HatchDoor
from appliance.provision.hatch_orders import FirmwareAnswers, OverrideAnswers
from appliance.provision.hatch_phones import PhoneAnswers, workshop
from appliance.settings import Settings


def hatch(settings: Settings, clock: Clock, chance: Chance, catalogue: Catalogue | None = None) -> HatchDoor:
    """`catalogue`: of the process that this stands in."""
    shop = workshop(settings, clock, chance, catalogue)
    phones, overrides, firmware = PhoneAnswers(shop), OverrideAnswers(shop), FirmwareAnswers(shop)
    return HatchDoor(
        settings,
        {
            "families": phones.families,
            "sheet": phones.sheet,
            "file": phones.file,
            "import": phones.import_phones,
            "dhcp-help": phones.dhcp_help,
            "overrides": overrides.every,
            "override-text": overrides.text,
            "override-write": overrides.write,
            "override-set": overrides.set,
            "override-unset": overrides.unset,
            "firmware": firmware.shelf,
            "firmware-add": firmware.add,
            "firmware-order": firmware.order,
            "firmware-remove": firmware.remove,
        },
    )
