"""Which outcome an answer or an error leads to."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from staffel.contracts.errors import (
    CircuitOpenError,
    ConfigurationError,
    ContextExceededError,
    CostLimitError,
    DataClassError,
    DeadlineExceededError,
    ProviderOverloadedError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnavailableError,
    StaffelError,
    UnreachableError,
)
from staffel.contracts.requests import Strategy
from staffel.contracts.tiers import Tier
from tests.support.claims import answer_with, claim_with
from workers.outcomes import (
    Cancelled,
    Dead,
    Escalate,
    Failed,
    FallBack,
    Fenced,
    Interruption,
    Limits,
    Outcome,
    Released,
    RetryAt,
    Succeeded,
    of_answer,
    of_error,
    of_interruption,
)
from workers.providers.errors import ContextLengthRejectedError
from workers.retry import Backoff

LIMITS = Limits(
    max_transient_failures=2,
    max_escalations=3,
    backoff=Backoff(timedelta(seconds=1), timedelta(seconds=60), Random(1)),
)
GOOD, BAD = answer_with(), answer_with("?", "json", score=0.2)
BETTER = answer_with("!", "schema", score=0.5)
TOO_LONG = ContextExceededError(needed_tokens=2, available_tokens=1)
EXHAUSTED = {"transient_failures": 2}
TOP = {"tier": Tier.CLOUD}
ONLY_HERE = {"permitted": (Tier.FAST,)}


@pytest.mark.parametrize(
    ("changes", "answer", "expected"),
    [
        ({}, GOOD, Succeeded(GOOD)),
        ({"best": BETTER}, GOOD, Succeeded(GOOD)),
        ({}, BAD, Escalate(Tier.STD, "checks failed: json", BAD)),
        ({"permitted": (Tier.FAST, Tier.CLOUD)}, BAD, Escalate(Tier.CLOUD, "checks failed: json", BAD)),
        ({"strategy": Strategy.FIXED}, BAD, Succeeded(BAD)),
        (TOP, BAD, Succeeded(BAD)),
        (TOP | {"best": BETTER}, BAD, Succeeded(BETTER)),
        (TOP | {"best": BAD}, BETTER, Succeeded(BETTER)),
        ({"escalations": 3}, BAD, Succeeded(BAD)),
        (ONLY_HERE, BAD, Succeeded(BAD)),
    ],
)
def test_an_answer_ends_a_job_or_moves_it_up(changes: dict[str, Any], answer: Any, expected: Outcome) -> None:
    assert of_answer(claim_with(**changes), answer, LIMITS) == expected


@pytest.mark.parametrize(
    ("changes", "error", "kind", "tier"),
    [
        ({}, DeadlineExceededError(), Failed, None),
        ({}, TOO_LONG, Escalate, Tier.STD),
        ({}, ContextLengthRejectedError(), Escalate, Tier.STD),
        (TOP, TOO_LONG, Failed, None),
        ({"escalations": 3}, TOO_LONG, Failed, None),
        ({}, ProviderUnauthorizedError(), FallBack, Tier.STD),
        (TOP, ProviderUnauthorizedError(), FallBack, Tier.ADV),
        (ONLY_HERE, ProviderUnauthorizedError(), Failed, None),
        ({}, CostLimitError(), FallBack, Tier.STD),
        ({}, DataClassError(), FallBack, Tier.STD),
        ({}, ProviderUnavailableError(), RetryAt, None),
        ({}, ProviderOverloadedError(), RetryAt, None),
        ({}, UnreachableError(), RetryAt, None),
        (EXHAUSTED, ProviderUnavailableError(), FallBack, Tier.STD),
        (EXHAUSTED | ONLY_HERE, ProviderUnavailableError(), Dead, None),
        (EXHAUSTED | {"escalations": 3}, ProviderUnavailableError(), Dead, None),
        ({}, ProviderRejectedError(), Failed, None),
        ({}, ConfigurationError(), Failed, None),
        ({}, StaffelError(), Failed, None),
    ],
)
def test_an_error_leads_to_its_outcome(
    changes: dict[str, Any], error: StaffelError, kind: type[Outcome], tier: Tier | None
) -> None:
    outcome = of_error(claim_with(**changes), error, LIMITS)
    assert type(outcome) is kind
    assert getattr(outcome, "tier", None) is tier


@pytest.mark.parametrize(
    "error",
    [
        DeadlineExceededError("late"),
        TOO_LONG,
        ProviderUnauthorizedError("late"),
        ProviderRejectedError("late"),
    ],
)
def test_an_answer_that_stands_already_is_kept_when_nothing_better_can_come(error: StaffelError) -> None:
    claim = claim_with(tier=Tier.CLOUD, best=BETTER)
    assert of_error(claim, error, LIMITS) == Succeeded(BETTER, f"cloud-premium: {error.message}")


def test_a_job_with_an_answer_still_waits_for_a_tier_that_is_down_for_a_while() -> None:
    assert isinstance(of_error(claim_with(best=BETTER), ProviderUnavailableError(), LIMITS), RetryAt)


def test_the_first_reason_for_a_degradation_is_kept() -> None:
    claim = claim_with(best=BETTER, degraded_reason="first")
    assert of_error(claim, ProviderRejectedError(), LIMITS) == Succeeded(BETTER, "first")


def test_a_fallback_says_which_tier_could_not_and_why() -> None:
    outcome = of_error(claim_with(), ProviderUnauthorizedError("no key"), LIMITS)
    assert outcome == FallBack(Tier.STD, "fast-1.5b: no key", "provider_unauthorized")


def test_what_the_provider_asks_to_wait_is_passed_on() -> None:
    outcome = of_error(claim_with(), ProviderOverloadedError(retry_after=timedelta(seconds=30)), LIMITS)
    assert isinstance(outcome, RetryAt)
    assert timedelta(seconds=30) <= outcome.delay <= timedelta(seconds=31)


def circuit_open(*elsewhere: Tier) -> CircuitOpenError:
    tiers = frozenset(elsewhere or Tier)
    return CircuitOpenError("down", retry_after=timedelta(seconds=7), tiers_elsewhere=tiers)


def test_while_a_circuit_is_open_the_job_goes_to_another_tier_at_once() -> None:
    outcome = of_error(claim_with(tier=Tier.CLOUD), circuit_open(), LIMITS)
    assert outcome == FallBack(Tier.ADV, "cloud-premium: down", "circuit_open")


def test_another_tier_of_the_same_provider_is_no_way_out_of_an_open_circuit() -> None:
    outcome = of_error(claim_with(), circuit_open(Tier.CLOUD), LIMITS)
    assert isinstance(outcome, FallBack)
    assert outcome.tier is Tier.CLOUD


@pytest.mark.parametrize(
    ("changes", "elsewhere"),
    [
        ({"strategy": Strategy.FIXED}, tuple(Tier)),
        (ONLY_HERE, tuple(Tier)),
        ({"escalations": 3}, tuple(Tier)),
        ({"permitted": (Tier.FAST, Tier.STD)}, (Tier.CLOUD,)),
        (EXHAUSTED | ONLY_HERE, tuple(Tier)),
    ],
)
def test_a_job_that_cannot_go_elsewhere_waits_for_the_circuit_and_is_not_charged(
    changes: dict[str, Any], elsewhere: tuple[Tier, ...]
) -> None:
    outcome = of_error(claim_with(**changes), circuit_open(*elsewhere), LIMITS)
    assert isinstance(outcome, RetryAt)
    assert not outcome.charged
    assert timedelta(seconds=7) <= outcome.delay <= timedelta(seconds=8)


def test_an_answer_that_stands_is_kept_when_the_better_tier_has_an_open_circuit() -> None:
    outcome = of_error(claim_with(tier=Tier.CLOUD, best=BETTER), circuit_open(), LIMITS)
    assert outcome == Succeeded(BETTER, "cloud-premium: down")


def test_interruptions_have_outcomes_of_their_own() -> None:
    assert [of_interruption(why) for why in Interruption] == [Cancelled(), Released(), Fenced()]
