"""What a phone sends without waiting for its send key, in a form of no maker; and how each syntax writes it.

Pure. A syntax is told by its parts (what stands between patterns, what ends them), which a template knows.
"""

import re
from dataclasses import dataclass

SET = re.compile(r"\[(\d)-(\d)\]|\[(\d+)\]")
EMERGENCIES = ("911", "06[01568]", "080")
"""Every number of wire.extensions.EMERGENCY_CODES: nothing that people dial begins with one and goes on."""
TEN_DIGITS = "[2-9]xxxxxxxxx"
OLD_HABITS = ("01xxxxxxxxxx", "04[45]xxxxxxxxxx")
"""Long distance and mobiles before 2019, where the site still accepts them."""
OPEN = ("*", "+", "")


@dataclass(frozen=True, slots=True)
class DigitPattern:
    """`fixed`: digits, `x` for any digit, a set as `[2-9]`. `more`: any digits may follow, so a phone waits."""

    fixed: str
    more: bool = False

    @property
    def spelled(self) -> tuple[str, ...]:
        """`fixed` once for each digit of its sets, for syntaxes that have none."""
        found = SET.search(self.fixed)
        if found is None:
            return (self.fixed,)
        digits = found[3] or "".join(str(n) for n in range(int(found[1]), int(found[2]) + 1))
        head, tail = self.fixed[: found.start()], self.fixed[found.end() :]
        return tuple(rest for d in digits for rest in DigitPattern(head + d + tail).spelled)


@dataclass(frozen=True, slots=True)
class DigitMap:
    """Patterns in order. Those of `at_once` are sent as soon as they are whole."""

    patterns: tuple[DigitPattern, ...]

    @property
    def at_once(self) -> tuple[DigitPattern, ...]:
        return tuple(p for p in self.patterns if not p.more)

    @property
    def waiting(self) -> tuple[DigitPattern, ...]:
        return tuple(p for p in self.patterns if p.more)

    def written(
        self,
        between: str = "|",
        once: str = "",
        more: str = "xx.",
        wait: str = "",
        digit: str = "x",
        star: str = "*",
        plus: str = "+",
    ) -> str:
        """In one text. `once` ends a whole pattern, `more` stands for one digit or any number, `wait` ends those.

        `digit`, `star` and `plus` are how the syntax writes any digit and those two characters themselves.
        """
        written = []
        for pattern in self.patterns:
            text = "".join({"x": digit, "*": star, "+": plus}.get(c, c) for c in pattern.fixed)
            written.append(f"{text}{more}{wait}" if pattern.more else f"{text}{once}")
        return between.join(written)


def digit_map(dial_profile: str) -> DigitMap:
    """Of a site in Mexico: emergencies and ten digits at once, the rest after a pause."""
    whole = (*EMERGENCIES, *(OLD_HABITS if dial_profile == "mx2017" else ()), TEN_DIGITS)
    return DigitMap((*(DigitPattern(p) for p in whole), *(DigitPattern(p, more=True) for p in OPEN)))
