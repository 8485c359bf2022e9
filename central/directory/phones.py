"""Edits of phones: each has an identity of its own, stands in one building, and is one person's or nobody's yet."""

from dataclasses import dataclass, replace

from sqlalchemy import delete, select

from central.directory.edit import Edit
from central.directory.keys import forget_keys
from central.directory.lines import forget_target
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import PhoneRecord, SeenPhone
from central.model.rows import find
from central.rules import phones as rules
from central.rules import tokens
from central.rules.faults import Faults
from wire.rows import Person, Phone, Presence
from wire.services import MovePolicy


@dataclass(frozen=True, slots=True)
class PhoneWish:
    """A phone as a form or a command gives it. `family` empty: by the MAC. `person_id` empty: nobody's yet."""

    mac: str
    site_id: str
    model: str
    family: str = ""
    person_id: str = ""


def add_phone(edit: Edit, account_id: str, wish: PhoneWish) -> Phone:
    """A phone with a new random identity. Raises InputProblem(s)."""
    edit.lock_account(account_id)
    faults = Faults()
    mac = faults.keep(lambda: _free_mac(edit, wish.mac), "")
    phone = Phone(
        id=tokens.new_id("phone"),
        account_id=account_id,
        site_id=faults.keep(lambda: _present(edit, account_id, wish.site_id), ""),
        person_id=faults.keep(lambda: _phoneless(edit, account_id, wish.person_id), ""),
        mac=mac,
        family=faults.keep(lambda: rules.checked_family("family", wish.family, mac), "") if mac else "",
        model=faults.keep(lambda: rules.checked_model("model", wish.model), ""),
        sip_user=tokens.sip_user(),
        sip_secret=tokens.sip_secret(),
    )
    faults.settle()
    _keep(edit, phone)
    return phone


def adopt_phone(edit: Edit, phone: Phone) -> Phone:
    """A phone that a building already gave an identity. Raises InputProblem or NotFoundProblem when it cannot be."""
    edit.lock_account(phone.account_id)
    phone = replace(
        phone,
        mac=_free_mac(edit, phone.mac),
        site_id=_present(edit, phone.account_id, phone.site_id),
        person_id=_phoneless(edit, phone.account_id, phone.person_id),
        family=rules.checked_family("family", phone.family, phone.mac),
        model=rules.checked_model("model", phone.model),
    )
    taken = (PhoneRecord.id == phone.id) | (PhoneRecord.sip_user == phone.sip_user)
    if edit.session.scalar(select(PhoneRecord.id).where(taken)):
        raise InputProblem("", Words("That identity belongs to another phone.", "Esa identidad es de otro teléfono."))
    _keep(edit, phone)
    return phone


def swap_phone(edit: Edit, account_id: str, phone_id: str, old_mac: str, wish: PhoneWish, sip_secret: str) -> Phone:
    """Another device takes this phone's place, with its identity and this secret. `wish.person_id` is not looked at.

    Raises InputProblem when the phone is another by now, or NotFoundProblem when it is gone.
    """
    edit.lock_account(account_id)
    phone = edit.get(Phone, phone_id, account_id)
    if phone.site_id != wish.site_id or phone.mac != rules.mac("mac", old_mac):
        raise InputProblem(
            "mac",
            Words(
                "The phone to be replaced has another MAC address by now, or is in another building.",
                "El teléfono por cambiar ya tiene otra dirección MAC, o está en otro edificio.",
            ),
        )
    mac = _free_mac(edit, wish.mac)
    swapped = replace(
        phone,
        mac=mac,
        family=rules.checked_family("family", wish.family, mac),
        model=rules.checked_model("model", wish.model),
        sip_secret=sip_secret,
    )
    _keep(edit, swapped)
    return swapped


def move_phone(edit: Edit, account_id: str, phone_id: str, site_id: str) -> Phone:
    """The phone stands in another building from now on, as it is: person, extension, keys and secret stay."""
    edit.lock_account(account_id)
    phone = edit.get(Phone, phone_id, account_id)
    moved = replace(phone, site_id=_present(edit, account_id, site_id))
    _keep(edit, moved)
    return moved


def moves_by_itself(edit: Edit, account_id: str) -> bool:
    """Whether a phone of the company that proves itself in another of its buildings moves without a word."""
    policy = find(edit.session, MovePolicy, account_id)
    return policy is None or not policy.asks


def set_move_policy(edit: Edit, account_id: str, asks: bool) -> MovePolicy:
    account = edit.lock_account(account_id)
    policy = MovePolicy(account.id, account.id, asks)
    edit.put(policy)
    return policy


def assign_phone(edit: Edit, account_id: str, phone_id: str, person_id: str) -> Phone:
    """Give the phone to a person, or to nobody when `person_id` is empty. A label of its own was the former one's."""
    edit.lock_account(account_id)
    phone = edit.get(Phone, phone_id, account_id)
    if phone.person_id == person_id:
        return phone
    phone = replace(phone, person_id=_phoneless(edit, account_id, person_id), label="")
    edit.put(phone)
    return phone


def delete_phone(edit: Edit, account_id: str, phone_id: str) -> None:
    """The phone is known no more: it stands as "sin asignar" when it is next seen."""
    edit.lock_account(account_id)
    phone = edit.get(Phone, phone_id, account_id)
    forget_keys(edit, phone)
    forget_target(edit, account_id, Phone.kind, phone_id)
    edit.delete(phone)


def _keep(edit: Edit, phone: Phone) -> None:
    edit.put(phone)
    edit.session.execute(delete(SeenPhone).where(SeenPhone.mac == phone.mac))


def _free_mac(edit: Edit, text: str) -> str:
    mac = rules.mac("mac", text)
    if edit.session.scalar(select(PhoneRecord.id).where(PhoneRecord.mac == mac)):
        raise InputProblem(
            "mac",
            Words("A phone with that MAC address already exists.", "Ya existe un teléfono con esa dirección MAC."),
        )
    return mac


def _present(edit: Edit, account_id: str, site_id: str) -> str:
    if not any(p.site_id == site_id for p in edit.all(Presence, account_id)):
        raise InputProblem(
            "site_id",
            Words("The company is not in that building.", "La empresa no está en ese edificio."),
            Words("Choose a building of the list.", "Elija un edificio de la lista."),
        )
    return site_id


def _phoneless(edit: Edit, account_id: str, person_id: str) -> str:
    """One IP phone each (U-4)."""
    if not person_id:
        return ""
    try:
        person = edit.get(Person, person_id, account_id)
    except NotFoundProblem as unknown:
        raise InputProblem("person_id", Words("There is no such person.", "No existe esa persona.")) from unknown
    if edit.session.scalar(select(PhoneRecord.id).where(PhoneRecord.person_id == person_id)):
        raise InputProblem(
            "person_id",
            Words(
                f"{person.name} already has an IP phone; each person has one.",
                f"{person.name} ya tiene un teléfono IP; cada persona tiene uno.",
            ),
            Words("Take the other one away first.", "Quítele primero el otro."),
        )
    return person_id
