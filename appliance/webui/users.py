"""The people who may sign in to the building page: names, roles, argon2id passwords. There is no default user.

The page and `conserje users` both change them through here, so each change is audited in the same transaction.
"""

import re
import threading
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.errors import InputProblem, Words
from appliance.ports import Chance, Clock
from appliance.webui.audit import Action, Audit, entry
from appliance.webui.roles import Role
from appliance.webui.store import Store

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
RANDOM_PASSWORD_BYTES = 12

# OWASP's parameters for argon2id (19 MiB, 2 passes): a log-in must not starve a small box of memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: Role
    must_change: bool
    created_at: str
    last_login_at: str


@dataclass(frozen=True, slots=True)
class By:
    """Who asks for a change, and from where."""

    user: str
    address: str


class Users:
    def __init__(self, store: Store, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._audit = Audit(store)
        self._nobody = ""

    def all(self) -> tuple[User, ...]:
        found = self._store.connection.execute(
            "SELECT name, role, must_change, created_at, last_login_at FROM user ORDER BY name"
        )
        return tuple(User(n, Role(r), bool(m), c, seen) for n, r, m, c, seen in found)

    def get(self, name: str) -> User | None:
        return next((u for u in self.all() if u.name == name), None)

    def random_password(self) -> str:
        return self._chance.token(RANDOM_PASSWORD_BYTES)

    def add(self, name: str, role: Role, password: str, by: By, must_change: bool = False) -> None:
        """Raises InputProblem on a name or password that cannot be accepted, or a name that is taken."""
        if not NAME.fullmatch(name):
            raise InputProblem(
                Words("That user name cannot be used.", "Ese nombre de usuario no se puede usar."),
                Words(
                    "Use up to 32 lower-case letters, digits, dots or hyphens.",
                    "Use hasta 32 letras minúsculas, dígitos, puntos o guiones.",
                ),
            )
        hashed = self._hash_new(password)
        with self._store.transaction() as connection:
            if connection.execute("SELECT 1 FROM user WHERE name = ?", (name,)).fetchone():
                raise InputProblem(
                    Words(f"There is a user {name} already.", f"Ya existe el usuario {name}."),
                    Words("Choose another name.", "Elija otro nombre."),
                )
            now = self._clock.now()
            connection.execute(
                "INSERT INTO user(name, role, password, must_change, created_at) VALUES (?, ?, ?, ?, ?)",
                (name, role, hashed, int(must_change), now.isoformat(timespec="seconds")),
            )
            done = entry(now, by.user, by.address, Action.USER_ADDED, name, after={"role": role})
            self._audit.note(done, connection)

    def remove(self, name: str, by: By) -> None:
        """Ends the user's sessions too. Raises InputProblem for an unknown name or the last administrator."""
        with self._store.transaction() as connection:
            role = self._role(connection.execute("SELECT role FROM user WHERE name = ?", (name,)).fetchone(), name)
            self._keep_an_administrator(name, role)
            connection.execute("DELETE FROM user WHERE name = ?", (name,))
            done = entry(self._clock.now(), by.user, by.address, Action.USER_REMOVED, name, before={"role": role})
            self._audit.note(done, connection)

    def set_role(self, name: str, role: Role, by: By) -> None:
        """Ends the user's sessions. Raises InputProblem for an unknown name or the last administrator."""
        with self._store.transaction() as connection:
            was = self._role(connection.execute("SELECT role FROM user WHERE name = ?", (name,)).fetchone(), name)
            if was == role:
                return
            self._keep_an_administrator(name, was)
            connection.execute("UPDATE user SET role = ? WHERE name = ?", (role, name))
            connection.execute("DELETE FROM session WHERE user = ?", (name,))
            at = self._clock.now()
            changed = entry(at, by.user, by.address, Action.ROLE_CHANGED, name, {"role": was}, {"role": role})
            self._audit.note(changed, connection)

    def set_password(self, name: str, password: str, by: By, must_change: bool = False) -> None:
        """Ends the user's sessions. Raises InputProblem for an unknown name or a weak password."""
        hashed = self._hash_new(password)
        with self._store.transaction() as connection:
            self._role(connection.execute("SELECT role FROM user WHERE name = ?", (name,)).fetchone(), name)
            connection.execute(
                "UPDATE user SET password = ?, must_change = ? WHERE name = ?", (hashed, int(must_change), name)
            )
            connection.execute("DELETE FROM session WHERE user = ?", (name,))
            done = entry(self._clock.now(), by.user, by.address, Action.PASSWORD_CHANGED, name)
            self._audit.note(done, connection)

    def check(self, name: str, password: str) -> bool:
        """Whether name and password go together. Takes as long for a name that does not exist as for one that does."""
        row = self._store.connection.execute("SELECT password FROM user WHERE name = ?", (name,)).fetchone()
        with _AT_ONCE:
            if not self._nobody:
                self._nobody = _HASHER.hash(self._chance.token(RANDOM_PASSWORD_BYTES))
            try:
                _HASHER.verify(row[0] if row else self._nobody, password[:LONGEST_PASSWORD])
            except (VerificationError, InvalidHashError):
                return False
        return row is not None

    def note_login(self, name: str) -> None:
        with self._store.transaction() as connection:
            at = self._clock.now().isoformat(timespec="seconds")
            connection.execute("UPDATE user SET last_login_at = ? WHERE name = ?", (at, name))

    def _keep_an_administrator(self, name: str, role: Role) -> None:
        others = [u for u in self.all() if u.role == Role.ADMINISTRATOR and u.name != name]
        if role == Role.ADMINISTRATOR and not others:
            raise InputProblem(
                Words(f"{name} is the only administrator.", f"{name} es la única persona administradora."),
                Words("Make another one first.", "Nombre a otra primero."),
            )

    @staticmethod
    def _role(row: tuple[str] | None, name: str) -> Role:
        if row is None:
            raise InputProblem(
                Words(f"There is no user {name}.", f"No existe el usuario {name}."),
                Words("`conserje users list` shows all.", "`conserje users list` los muestra todos."),
            )
        return Role(row[0])

    @staticmethod
    def _hash_new(password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise InputProblem(
                Words("That password is too short or too long.", "Esa contraseña es muy corta o muy larga."),
                Words(
                    f"Use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.",
                    f"Use de {SHORTEST_PASSWORD} a {LONGEST_PASSWORD} caracteres.",
                ),
            )
        with _AT_ONCE:
            return _HASHER.hash(password)
