"""A form as it was sent: its values kept, and what is wrong beside each field."""

from collections.abc import Callable, Mapping

from flask import request

from central.errors import InputProblem, InputProblems
from central.portal.base import language, say


class Form:
    """Values are what was typed, else `start`. `errors`: sentences by field; "" is the whole form's.

    `sent` False: another form of the same page was sent, and not this one.
    """

    def __init__(self, start: Mapping[str, str] | None = None, *, sent: bool = True) -> None:
        self.sent = sent and request.method == "POST"
        self._values: Mapping[str, str] = request.form if self.sent else (start or {})
        self.errors: dict[str, str] = {}

    def value(self, name: str) -> str:
        return self._values.get(name, "")

    def given(self, name: str) -> str | None:
        """The value; None when the form had no such field."""
        return self._values.get(name)

    def checked(self, name: str) -> bool:
        return bool(self._values.get(name))

    def error(self, name: str) -> str:
        return self.errors.get(name, "")

    @property
    def status(self) -> int:
        return 422 if self.errors else 200

    def done(self, act: Callable[[], object], en: str = "Saved.", es: str = "Guardado.") -> bool:
        """Whether the form was sent and `act` did it; else `errors` says why not, and nothing was changed."""
        if not self.sent:
            return False
        try:
            act()
        except InputProblems as several:
            for problem in several.problems:
                self._keep(problem)
        except InputProblem as problem:
            self._keep(problem)
        else:
            say(en, es)
            return True
        return False

    def _keep(self, problem: InputProblem) -> None:
        said = self.errors.get(problem.field, "")
        self.errors[problem.field] = f"{said} {problem.text(language())}".strip()
