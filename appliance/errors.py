"""One tree of errors. Each has a stable code, a sentence in the user's words and what to do next, in both languages.

Pages and the command line print `problem.text(language)`; logs carry `problem.code`.
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


class Problem(Exception):
    """Something a person must hear of. `code` never changes; `says` and `todo` are for people."""

    code = "problem"

    def __init__(self, says: Words, todo: Words) -> None:
        super().__init__(says.en)
        self.says = says
        self.todo = todo

    def text(self, language: str = "en") -> str:
        """What happened and what to do, in one or two sentences."""
        return f"{self.says.text(language)} {self.todo.text(language)}".strip()


class SettingsProblem(Problem):
    code = "settings"


class DirectoryProblem(Problem):
    """The building's copy of the directory cannot be read or applied."""

    code = "directory"


class FeedProblem(Problem):
    """The centre sent a revision that cannot be applied: a hole, a wrong digest, an unknown kind."""

    code = "feed"


class EnrolmentProblem(Problem):
    code = "enrolment"


class EngineProblem(Problem):
    """Kea, Kamailio, rtpengine or Redis is missing, refuses its configuration, or finds its port taken."""

    code = "engine"


class TemplateProblem(Problem):
    """A phone template is broken. The message names the file and the line."""

    code = "template"


class InputProblem(Problem):
    """A person typed something that cannot be accepted."""

    code = "input"
