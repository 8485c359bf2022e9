"""One tree of errors of the central office. Each has a stable code and its sentences in English and Spanish.

Pages, the command line and the API print the sentences; logs carry the code. `status` is its HTTP status.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in both languages of the house."""

    en: str
    es: str

    def text(self, language: str) -> str:
        """The sentence in `language` (a BCP 47 tag); English for any that is not Spanish."""
        return self.es if language.lower().startswith("es") else self.en


NOTHING = Words("", "")


class Problem(Exception):
    """Something a person must hear of. `code` never changes; `says` and `todo` are for people."""

    code = "problem"
    status = 400

    def __init__(self, says: Words, todo: Words = NOTHING) -> None:
        super().__init__(says.en)
        self.says = says
        self.todo = todo

    def text(self, language: str = "en") -> str:
        """What happened and what to do, in one or two sentences."""
        return f"{self.says.text(language)} {self.todo.text(language)}".strip()


class SettingsProblem(Problem):
    code = "settings"
    status = 500


class InputProblem(Problem):
    """A person typed something that cannot be accepted. `field` names the form's field, empty for the whole form."""

    code = "input"
    status = 422

    def __init__(self, field: str, says: Words, todo: Words = NOTHING) -> None:
        super().__init__(says, todo)
        self.field = field


class InputProblems(Problem):
    """All that is wrong with one form."""

    code = "input"
    status = 422

    def __init__(self, problems: tuple[InputProblem, ...]) -> None:
        super().__init__(
            Words(" ".join(p.text("en") for p in problems), " ".join(p.text("es") for p in problems)),
        )
        self.problems = problems


class NotFoundProblem(Problem):
    """No such thing, or a thing of another account: the two are not told apart."""

    code = "not-found"
    status = 404


class FeedProblem(Problem):
    """A building asked for a revision that cannot be."""

    code = "feed"
    status = 409


class WireInputProblem(Problem):
    """A building sent something that does not fit the schema."""

    code = "malformed"
    status = 400


class TooLargeProblem(Problem):
    code = "too-large"
    status = 413


class CertificateProblem(Problem):
    """No certificate, or one that is revoked, retired or of a site that is gone."""

    code = "certificate"
    status = 403


class ClaimRefused(Problem):
    """The claim code is unknown, used, expired or of another centre: which of them is not said."""

    code = "claim"
    status = 403


class ThrottledProblem(Problem):
    code = "throttled"
    status = 429


class UnavailableProblem(Problem):
    """The database does not answer; the same request may be sent again."""

    code = "unavailable"
    status = 503


class BusyProblem(Problem):
    """Enough of this kind is being done just now; the same request may be sent again after some seconds."""

    code = "busy"
    status = 503


class SetUpProblem(Problem):
    """The central office is not set up, or not up to date with this version."""

    code = "set-up"
    status = 500
