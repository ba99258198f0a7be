"""The states and the ways between them."""

import pytest

from staffel.contracts.errors import ContextExceededError, InvalidRequestError, StaffelError, TransientError
from staffel.contracts.states import OPEN, TERMINAL, TRANSITIONS, JobState
from staffel.contracts.tiers import LADDER, Tier


def descendants(kind: type[StaffelError]) -> list[type[StaffelError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in descendants(child))]


def test_every_state_is_either_open_or_terminal_and_has_its_ways_out() -> None:
    assert frozenset(JobState) == OPEN | TERMINAL == TRANSITIONS.keys()
    assert not OPEN & TERMINAL
    assert all(state.terminal == (state in TERMINAL) for state in JobState)


def test_every_open_state_can_end_and_every_state_can_be_reached() -> None:
    assert all(TRANSITIONS[state] & TERMINAL for state in OPEN)
    reached = {JobState.SUBMITTED}.union(*TRANSITIONS.values())
    assert reached == set(JobState)


def test_a_success_is_for_ever_and_other_ends_only_begin_anew_or_are_given_up() -> None:
    assert TRANSITIONS[JobState.SUCCEEDED] == frozenset()
    assert TRANSITIONS[JobState.DEAD] == {JobState.SUBMITTED, JobState.CANCELLED}
    for state in TERMINAL - {JobState.SUCCEEDED, JobState.DEAD}:
        assert TRANSITIONS[state] == {JobState.SUBMITTED}


@pytest.mark.parametrize("tier", Tier)
def test_the_tiers_above_and_below_are_nearest_first(tier: Tier) -> None:
    assert (*tier.below()[::-1], tier, *tier.above()) == LADDER


@pytest.mark.parametrize("kind", descendants(StaffelError))
def test_every_error_says_something_and_has_a_code_that_clients_may_see(kind: type[StaffelError]) -> None:
    if kind is ContextExceededError:
        error: StaffelError = ContextExceededError(needed_tokens=9, available_tokens=8)
    elif issubclass(kind, InvalidRequestError):
        error = kind("is wrong")
    else:
        error = kind()
    assert error.message
    assert kind.code.replace("_", "").isalnum()
    assert not isinstance(error, TransientError) or error.retry_after is None
