"""What every command has: the office, who types, names instead of ids, and answers for people or for scripts."""

import getpass
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any

import click
from sqlalchemy import or_, select

from central.authority import Authority, load_authority
from central.errors import NotFoundProblem, Words
from central.model import AccountRecord, ExtensionRecord, SiteRecord
from central.office import Office, open_office
from central.rules.names import name_key
from central.settings import Settings


@dataclass
class Terminal:
    settings: Settings
    as_json: bool

    @cached_property
    def office(self) -> Office:
        return open_office(self.settings)

    @cached_property
    def authority(self) -> Authority:
        return load_authority(self.settings.paths.ca_dir)

    @property
    def actor(self) -> str:
        try:
            return f"cli:{getpass.getuser()}"
        except (KeyError, OSError):  # a user without a name, as in some containers
            return "cli"

    def tell(self, words: Words, facts: Mapping[str, Any]) -> None:
        """The answer: `words` for a person, `facts` as JSON for a script."""
        click.echo(json.dumps(facts, ensure_ascii=False) if self.as_json else words.text(language()))

    def site(self, named: str) -> str:
        """The id of the site with this id or name."""
        with self.office.reading() as session:
            key = or_(SiteRecord.id == named, SiteRecord.name_key == name_key(named))
            found = session.scalar(select(SiteRecord.id).where(key))
        if found is None:
            raise NotFoundProblem(
                Words(f"There is no building called {named}.", f"No existe un edificio llamado {named}."),
                Words("`conserje-central status` lists them.", "`conserje-central status` los lista."),
            )
        return found

    def account(self, named: str) -> str:
        """The id of the account with this id or name."""
        with self.office.reading() as session:
            key = or_(AccountRecord.id == named, AccountRecord.name_key == name_key(named))
            found = session.scalar(select(AccountRecord.id).where(key))
        if found is None:
            raise NotFoundProblem(
                Words(f"There is no company called {named}.", f"No existe una empresa llamada {named}.")
            )
        return found


def target_of(terminal: Terminal, account_id: str, extension: str) -> tuple[str, str]:
    """Kind and id of what a company's extension leads to."""
    query = select(ExtensionRecord).where(ExtensionRecord.account_id == account_id, ExtensionRecord.digits == extension)
    with terminal.office.reading() as session:
        found = session.scalar(query)
    if found is None:
        raise NotFoundProblem(
            Words(f"The company has no extension {extension}.", f"La empresa no tiene la extensión {extension}.")
        )
    return found.target_kind, found.target_id


def language() -> str:
    """Of whoever types: CONSERJE_LANGUAGE, else the system's."""
    return os.environ.get("CONSERJE_LANGUAGE") or os.environ.get("LANG", "en")


SAVED = Words("Saved.", "Guardado.")


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--json also after the command's name."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.pass_context
    @wraps(command)
    def run(context: click.Context, /, *args: Any, **options: Any) -> Any:
        terminal: Terminal = context.obj
        terminal.as_json = bool(options.pop("as_json")) or terminal.as_json
        return command(terminal, *args, **options)

    return run
