"""Collects all that is wrong with a form, so that a person sees everything at once and not one fault at a time."""

from collections.abc import Callable
from typing import TypeVar

from central.errors import InputProblem, InputProblems

T = TypeVar("T")


class Faults:
    def __init__(self) -> None:
        self._problems: list[InputProblem] = []

    def keep(self, check: Callable[[], T], otherwise: T) -> T:
        """What the check returns; `otherwise` when it raised an InputProblem, which is kept."""
        try:
            return check()
        except InputProblem as problem:
            self._problems.append(problem)
            return otherwise

    def add(self, problem: InputProblem) -> None:
        self._problems.append(problem)

    def settle(self) -> None:
        """Raises the one InputProblem, or InputProblems, if there were any."""
        if len(self._problems) == 1:
            raise self._problems[0]
        if self._problems:
            raise InputProblems(tuple(self._problems))
