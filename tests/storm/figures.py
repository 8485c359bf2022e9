"""The figures of a storm: a table for people, and its curve as SVG. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

from tests.storm.floor import Boot
from tests.storm.storm import Storm

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 420, 60, 46, 40, 20
FONT = 'font-family="sans-serif" font-size="12"'
STAGES: tuple[tuple[str, str, Callable[[Boot], float]], ...] = (
    ("address by DHCP", "#4477aa", lambda b: b.leased_s),
    ("files read", "#ccbb44", lambda b: b.filed_s),
    ("registered", "#ee6677", lambda b: b.registered_s),
)
"""Colours that colour-blind people tell apart (Paul Tol's)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One stage, in seconds: how long phones took for it alone, then when the last was done since power-on."""

    name: str
    p50: float
    p99: float
    most: float
    last_at: float


def rows(storm: Storm) -> tuple[Row, ...]:
    good = storm.registered
    took: tuple[tuple[str, list[float], list[float]], ...] = (
        ("address by DHCP", [b.leased_s - b.powered_s for b in good], [b.leased_s for b in good]),
        ("files", [b.filed_s - b.leased_s for b in good], [b.filed_s for b in good]),
        ("registration", [b.registered_s - b.filed_s for b in good], [b.registered_s for b in good]),
        ("all of it", [b.registered_s - b.powered_s for b in good], [b.registered_s for b in good]),
    )
    return tuple(Row(n, quantile(t, 0.5), quantile(t, 0.99), max(t), max(at)) for n, t, at in took if t)


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` of them do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * part) - 1)]


def table(storm: Storm) -> str:
    """In Markdown, for docs/boot-storm.md and the terminal."""
    again = Counter(sum(b.retries.values()) for b in storm.boots)
    by_stage = {s: sum(b.retries.get(s, 0) for b in storm.boots) for s in ("dhcp", "files", "sip")}
    busiest = sorted(((s, n) for n, s in storm.cpu_s.items() if s >= 0.05), reverse=True)
    lines = [
        "| what | p50 s | p99 s | slowest s | last one done at s |",
        "|---|---|---|---|---|",
        *(f"| {r.name} | {r.p50:.2f} | {r.p99:.2f} | {r.most:.2f} | {r.last_at:.2f} |" for r in rows(storm)),
        "",
        f"- Phones: {len(storm.boots)}, registered {len(storm.registered)}, failed {len(storm.failures)}.",
        f"- First to last registration: {storm.first_to_last_s:.1f} s; power-on to the last: {storm.seconds:.1f} s.",
        f"- Said again, for want of an answer: {', '.join(f'{s} {n}' for s, n in by_stage.items())}; "
        f"phones by how often: {', '.join(f'{n}x: {c}' for n, c in sorted(again.items()))}.",
        f"- Files asked for: {sum(b.requests for b in storm.boots)}, by HTTPS {sum(b.secure for b in storm.boots)}, "
        f"{sum(b.octets for b in storm.boots) / 1e6:.1f} MB; "
        f"slowest answer {max(b.slowest_s for b in storm.boots):.2f} s.",
        f"- CPU of the building's processes: {', '.join(f'{n} {s:.1f} s' for s, n in busiest)}.",
        f"- Load of the machine before: {storm.load_before:.1f}.",
    ]
    return "\n".join(lines)


def curve(storm: Storm, title: str) -> str:
    """How many phones had come how far, over the seconds since power-on, as an SVG document."""
    across = max(1.0, storm.seconds * 1.05)
    high = len(storm.boots)
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(seconds: float) -> float:
        return LEFT + wide * seconds / across

    def y(count: float) -> float:
        return TOP + tall * (1 - count / high)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for n in range(5):
        count = high * n / 4
        parts.append(f'<path d="M{LEFT} {y(count):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(count) + 4:.1f}" text-anchor="end">{count:.0f}</text>')
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 50) if across / s <= 14)
    for n in range(int(across / step) + 1):
        at = x(n * step)
        parts.append(f'<path d="M{at:.1f} {TOP + tall}v5" stroke="#555"/>')
        parts.append(f'<text x="{at:.1f}" y="{TOP + tall + 18}" text-anchor="middle">{n * step:g}</text>')
    parts.append(f'<text x="{LEFT + wide / 2}" y="{HEIGHT - 8}" text-anchor="middle">seconds since power-on</text>')
    for n, (name, colour, moment) in enumerate(STAGES):
        moments = sorted(m for m in map(moment, storm.boots) if m)
        steps = "".join(f"H{x(at):.1f}V{y(count):.1f}" for count, at in _thinned(moments))
        parts.append(f'<path d="M{LEFT} {y(0):.1f}{steps}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<rect x="{WIDTH - 170}" y="{TOP + tall - 70 + 20 * n}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - 150}" y="{TOP + tall - 64 + 20 * n}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _thinned(moments: Sequence[float]) -> list[tuple[int, float]]:
    """(how many, when): every fifth of a thousand is enough for the eye; the last always."""
    every = max(1, len(moments) // 200)
    found = [(n, at) for n, at in enumerate(moments, 1) if n % every == 0]
    return found if not moments or found[-1][0] == len(moments) else [*found, (len(moments), moments[-1])]
