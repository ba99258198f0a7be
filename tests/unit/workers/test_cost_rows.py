"""What a call costs, as ledger rows."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffel.contracts.states import CallState
from staffel.fleet.loader import parse_fleet
from staffel.fleet.prices import TokenUsage
from tests.support.fleet import FLEET
from workers.executor.booking import CORRECTED, Spending, correction_row, cost_row

HOUSE = parse_fleet(FLEET, source="test")
OWNER = {"tenant_id": "acme", "batch_id": None, "job_id": UUID(int=1), "attempt": 1, "task": "complete"}
LOCAL = Spending(
    call_id=UUID(int=2),
    state=CallState.ANSWERED,
    provider="house",
    model="small",
    tier="fast-1.5b",
    pool="fast",
    usage=TokenUsage(1_000, 500),
    estimated_input_tokens=70,
    output_limit_tokens=30,
    seconds=10.0,
)
CLOUD = replace(LOCAL, provider="anthropic", model="claude-sonnet-5-5", pool="cloud")
tokens = st.integers(0, 10_000_000)


def test_a_local_call_costs_the_time_of_its_slot() -> None:
    row = cost_row(HOUSE, LOCAL, OWNER)
    assert row["amount_usd"] == Decimal("0.36") * 10 / 3600
    assert (row["slot_seconds"], row["estimated"], row["tenant_id"]) == (10.0, False, "acme")
    assert row["baseline_usd"] > row["amount_usd"]


def test_a_cloud_call_costs_its_tokens_whatever_it_took() -> None:
    row = cost_row(HOUSE, CLOUD, OWNER)
    assert row["slot_seconds"] is None
    rate = 1_000 * row["input_usd_per_million"] + 500 * row["output_usd_per_million"]
    assert row["amount_usd"] == row["baseline_usd"] == rate / 1_000_000


@pytest.mark.parametrize("state", [CallState.LOST, CallState.ORPHANED, CallState.ANSWERED])
def test_without_a_count_the_estimate_stands_in_and_says_so(state: CallState) -> None:
    row = cost_row(HOUSE, replace(CLOUD, state=state, usage=None), OWNER)
    assert (row["estimated"], row["input_tokens"], row["output_tokens"]) == (True, 70, 30)


@pytest.mark.parametrize("state", [CallState.REFUSED, CallState.UNSENT])
def test_what_was_refused_or_never_left_costs_no_tokens(state: CallState) -> None:
    for model in ("claude-sonnet-5-5", "own"):
        row = cost_row(HOUSE, replace(CLOUD, state=state, usage=None, model=model), OWNER)
        assert (row["estimated"], row["amount_usd"], row["input_tokens"]) == (False, 0, 0)


@pytest.mark.parametrize("model", ["own", "gone"])
def test_an_unknown_price_stays_unknown(model: str) -> None:
    row = cost_row(HOUSE, replace(CLOUD, model=model), OWNER)
    assert (row["amount_usd"], row["input_usd_per_million"]) == (None, None)


def test_a_pool_that_is_declared_no_more_costs_the_common_price() -> None:
    assert cost_row(HOUSE, replace(LOCAL, pool="gone"), OWNER)["amount_usd"] > 0


@given(used=st.tuples(tokens, tokens), estimated=st.tuples(tokens, tokens))
def test_an_estimate_and_its_correction_add_up_to_the_exact_row(
    used: tuple[int, int], estimated: tuple[int, int]
) -> None:
    guess = replace(CLOUD, usage=None, estimated_input_tokens=estimated[0], output_limit_tokens=estimated[1])
    booked = cost_row(HOUSE, replace(guess, state=CallState.ORPHANED), OWNER)
    exact = cost_row(HOUSE, replace(CLOUD, usage=TokenUsage(*used)), OWNER)
    correction = correction_row(exact, booked)
    assert correction["kind"] == "correction"
    for name in CORRECTED:
        if exact[name] is not None:
            assert booked[name] + correction[name] == exact[name], name


def test_a_correction_of_the_unknown_is_unknown() -> None:
    exact = cost_row(HOUSE, CLOUD, OWNER)
    booked = cost_row(HOUSE, replace(CLOUD, model="gone"), OWNER)
    assert correction_row(exact, booked)["amount_usd"] is None
