"""A phone's files as it would get them now, for people to look at: with its passwords, or with stars in their place.

Pure.
"""

import hashlib
from dataclasses import dataclass, field, replace

from appliance.directory.model import Directory, Phone
from appliance.provision.context import SiteContext, common_context, phone_context
from appliance.provision.family import Family
from appliance.provision.render import files_for, render

HIDDEN = "********"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file as its phone would get it now."""

    name: str
    content_type: str
    secret: bool
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def hidden(phone: Phone, site: SiteContext) -> tuple[Phone, SiteContext]:
    """The same with stars for every password, so that what is rendered of them can be shown."""
    return replace(phone, sip_secret=HIDDEN), replace(
        site, admin_password=HIDDEN, orders=site.orders.hidden() if site.orders else None
    )


def rendered(phone: Phone, family: Family, directory: Directory, site: SiteContext) -> tuple[Rendered, ...]:
    """Every file of this phone. Raises TemplateProblem."""
    model = family.model(phone.model) or family.fallback_model
    own, common = phone_context(phone, model, directory, site), common_context(model, directory, site)
    return tuple(
        Rendered(name, rule.content_type, rule.secret, render(family, rule, own if rule.per_device else common))
        for name, rule in files_for(own, family)
    )
