"""Buildings, companies and people in one line each."""

from uuid import uuid4

from central.directory import accounts, people, sites
from central.office import Office

WHO = "test"


def a_site(office: Office, name: str = "") -> str:
    with office.editing(WHO) as edit:
        return sites.add_site(edit, sites.SiteWish(name or f"Torre {uuid4().hex[:8]}")).id


def a_company(office: Office, name: str = "", *site_ids: str) -> str:
    with office.editing(WHO) as edit:
        account = accounts.add_account(edit, name or f"Acme {uuid4().hex[:8]}").id
        for site_id in site_ids:
            sites.add_presence(edit, account, site_id)
        return account


def a_person(office: Office, account: str, name: str, extension: str, **more: str) -> people.PersonMade:
    with office.editing(WHO) as edit:
        wish = people.PersonWish(name, "Pérez", extension, **more)  # type: ignore[arg-type]  # all text here
        return people.add_person(edit, account, wish)
