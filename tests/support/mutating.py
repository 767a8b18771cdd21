"""Changes at random, from a seed that is printed: what a stranger's file or message may be.

`CAMPAIGN_SEED` repeats a campaign, `CAMPAIGN_SHARE` makes it longer or shorter than usual (1).
"""

import copy
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

SEED, SHARE = "CAMPAIGN_SEED", "CAMPAIGN_SHARE"

# What JSON holds, and what its readers take beside: numbers without end, and of any length.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\ud800", "`[a](b)`", "../..", "x" * 5000, 10**400, -1, 1e308, [], {}]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def often(examples: int) -> Any:
    """Settings of hypothesis for a campaign: so many examples, what fails is printed as a line that repeats it."""
    return settings(
        max_examples=count(examples),
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def count(usual: int) -> int:
    return max(1, round(usual * float(os.environ.get(SHARE, "1"))))


def chances(usual: int) -> Iterator[random.Random]:
    """So many sources of chance, each from a seed of its own; the first is printed."""
    first = int(os.environ.get(SEED, random.SystemRandom().randrange(10**6)))
    print(f"{SEED}={first}")
    for number in range(count(usual)):
        yield random.Random(first + number)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a value of JSON."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield (*path, name)
        yield from places(part, (*path, name))


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """A copy in which what holds the place was changed."""
    made = copy.deepcopy(value)
    inside = made
    for name in path[:-1]:
        inside = inside[name]
    change(inside, path[-1])
    return made


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Bytes of a file with some of them other, gone, doubled, or the rest cut off."""
    made = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        if not made:
            break
        place, size = chance.randrange(len(made)), chance.choice([1, 1, 2, 4, 64])
        kind = chance.randrange(5)
        if kind == 0:
            made[place : place + size] = chance.randbytes(size)
        elif kind == 1:
            made[place : place + size] = bytes([chance.choice([0, 255, 127, 128])]) * size
        elif kind == 2:
            del made[place : place + size]
        elif kind == 3:
            made[place:place] = made[place : place + size]
        elif chance.random() < 0.2:
            del made[place:]
    return bytes(made)


def one_sentence(error: Exception) -> None:
    """What a refusal has to be: something is said, in so many words, and it is no traceback."""
    text = str(error)
    assert text
    assert "Traceback" not in text
    assert len(text) < 2000
