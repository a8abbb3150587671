"""How the statements of a role are shared out among the role itself and the managed policies that continue it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stacks.policies import INLINE_ROOM, MANAGED_ROOM, allow, characters, document, shared_out

PARTS = ("wiring", "denied", "described")
LARGEST_ROLE, LARGEST_POLICY = 0.6 * 10_240, 0.6 * 6_144

statements = st.lists(st.integers(1, 30), max_size=25).map(
    lambda sizes: [
        allow(f"Read{i}", ["s3:GetObject"], [f"arn:aws:s3:::{n}" * 5 for n in range(s)]) for i, s in enumerate(sizes)
    ]
)


@given(st.fixed_dictionaries(dict.fromkeys(PARTS, statements)))
def test_every_statement_stands_once_in_its_order_and_nothing_is_fuller_than_it_may_be(parts):
    within, beyond = shared_out(parts)

    for part in PARTS:
        continued = [statement for named, held in beyond if named == part for statement in held]
        assert [*within.get(part, []), *continued] == parts[part]
    assert sum(characters(document(held)) for held in within.values()) <= LARGEST_ROLE
    assert all(characters(document(held)) <= LARGEST_POLICY or len(held) == 1 for _, held in beyond)


def test_what_has_room_stays_in_the_role():
    few = [allow("Read0", ["s3:GetObject"], ["arn:aws:s3:::a/b"])]

    assert shared_out({"wiring": few, "described": few}) == ({"wiring": few, "described": few}, [])


def test_once_a_part_is_continued_all_that_follows_it_is():
    """A statement that happens to be short enough must not come before one that is its elder."""
    long = allow("Read0", ["s3:GetObject"], ["arn:aws:s3:::a/" + "b" * INLINE_ROOM])
    short = allow("Read1", ["s3:GetObject"], ["arn:aws:s3:::c/d"])

    within, beyond = shared_out({"described": [long, short]})

    assert within == {}
    assert beyond == [("described", [long]), ("described", [short])]
    assert characters(long) > MANAGED_ROOM
