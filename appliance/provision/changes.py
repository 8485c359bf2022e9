"""Whether a phone's files are what it last was given, and how they differ. Pure.

Compared are the files as their templates make them, before links of a phone's own and encryption: a new token or salt
is no change that a phone must be told of.
"""

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appliance.directory.model import Directory, Phone
from appliance.directory.served import GivenFile, GivenHead
from appliance.errors import TemplateProblem
from appliance.provision.context import PhoneContext, SiteContext, common_context, phone_context
from appliance.provision.escapes import ESCAPES
from appliance.provision.families import Families, Family, FileRule
from appliance.provision.render import files_for, render

STARS = "********"


def given_file(phone: Phone, family: Family, rule: FileRule, context: PhoneContext) -> GivenFile:
    """What a phone is given by this rule, to be remembered. `context` without links of its own.

    Raises TemplateProblem.
    """
    write = ESCAPES[rule.escape]
    secrets = {context.line.sip_secret, context.admin_password} - {""}
    return GivenFile(
        mac=phone.mac,
        name=rule.name_for(phone.mac, context.model),
        family=family.name,
        model=context.model.name,
        data=render(family, rule, context),
        secrets=tuple(sorted({form for s in secrets for form in (s, write(s))}, key=len, reverse=True)),
    )


def present_file(
    phone: Phone, head: GivenHead, families: Families, directory: Directory, site: SiteContext
) -> GivenFile | None:
    """The file of this name as the phone would be given it now; None when it has no such file any more.

    Raises TemplateProblem.
    """
    family = families.family(head.family)
    if family is None or (phone.family and phone.family != head.family):
        return None
    # The phone says best which model it is; what the directory has counts where that is no model of the family.
    model = family.model(head.model) or family.model(phone.model) or family.fallback_model
    own = phone_context(phone, model, directory, site)
    for name, rule in files_for(own, family):
        if name == head.name:
            return given_file(phone, family, rule, own if rule.per_device else common_context(model, directory, site))
    return None


def wanted(
    phone: Phone, heads: Iterable[GivenHead], families: Families, directory: Directory, site: SiteContext
) -> str:
    """A digest of what the phone's files are now, where that is not what it was given; empty where nothing changed.

    Only files that it once fetched count. One whose template fails has not changed: there is nothing better to give.
    """
    parts = []
    changed = False
    for head in heads:
        try:
            now = present_file(phone, head, families, directory, site)
        except TemplateProblem:
            continue
        if now is not None:
            changed = changed or now.sha256 != head.sha256
            parts.append(f"{head.name} {now.sha256}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if changed else ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One file. `lines`: a unified diff, without line ends; empty where it is the same, or differs in passwords only.

    `was_at`: when the phone was first given what it has. `kept`: its text was; else only "it differs" is known.
    """

    name: str
    differs: bool
    lines: tuple[str, ...]
    was_at: str
    kept: bool = True


def differences(
    phone: Phone,
    given: Iterable[tuple[GivenHead, GivenFile | None]],
    families: Families,
    directory: Directory,
    site: SiteContext,
    secrets: bool = False,
) -> Iterator[Difference]:
    """Each file that the phone was given, against what it would be given now. Passwords are stars unless `secrets`.

    Raises TemplateProblem.
    """
    for head, before in given:
        now = present_file(phone, head, families, directory, site)
        if now is None:
            continue
        differs = now.sha256 != head.sha256
        lines: tuple[str, ...] = ()
        if differs and before is not None:
            old, new = (_lines(f, secrets) for f in (before, now))
            lines = tuple(difflib.unified_diff(old, new, head.name, head.name, head.at, "now", lineterm="", n=1))
        yield Difference(head.name, differs, lines, head.at, before is not None or not differs)


def _lines(file: GivenFile, secrets: bool) -> list[str]:
    text = file.data.decode("utf-8", "replace")
    if not secrets:
        for secret in file.secrets:
            text = text.replace(secret, STARS)
    return text.splitlines()
