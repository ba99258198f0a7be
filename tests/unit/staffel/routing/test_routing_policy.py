"""The table of tiers, and what raises a job above it."""

import pytest

from staffel.contracts.tiers import Tier
from staffel.routing.indicators import Indicators
from staffel.routing.policy import TIER_OF_TYPE, Material, Wish, wished_tier
from staffel.routing.task_names import TaskType

PLAIN = Indicators()
COMPLEX = Indicators(complexity=("beweis", "induktion", "algorithmus"))


def wish(
    kind: TaskType,
    signs: Indicators = PLAIN,
    *,
    chars: int = 100,
    input_tokens: int = 40,
    max_output_tokens: int = 512,
) -> Wish:
    return wished_tier(kind, signs, Material(chars, input_tokens, max_output_tokens))


@pytest.mark.parametrize(
    ("kind", "tier"),
    [
        ("sentiment", "fast-1.5b"),
        ("classify", "fast-1.5b"),
        ("extract", "fast-1.5b"),
        ("chat", "fast-1.5b"),
        ("complete", "fast-1.5b"),
        ("summarize", "std-3b"),
        ("translate", "std-3b"),
        ("formatting", "std-3b"),
        ("code", "std-3b"),
        ("analyze", "adv-7b"),
        ("documentation", "adv-7b"),
        ("reasoning", "adv-7b"),
    ],
)
def test_a_small_job_is_served_by_the_tier_of_its_kind(kind: str, tier: str) -> None:
    answer = wish(TaskType(kind))
    assert answer.tier == tier
    assert answer.reasons == (f"task {kind} is served by {tier}",)


def test_the_table_knows_every_kind() -> None:
    assert set(TIER_OF_TYPE) == set(TaskType)


@pytest.mark.parametrize("kind", [TaskType.SENTIMENT, TaskType.TRANSLATE, TaskType.ANALYZE])
def test_the_words_of_mere_material_raise_nothing(kind: TaskType) -> None:
    assert wish(kind, COMPLEX).tier is TIER_OF_TYPE[kind]


@pytest.mark.parametrize("kind", [TaskType.CODE, TaskType.REASONING])
def test_complex_logic_goes_to_the_cloud_and_says_why(kind: TaskType) -> None:
    answer = wish(kind, COMPLEX)
    assert answer.tier is Tier.CLOUD
    assert "complex logic: 3 complexity words (beweis, induktion, ...)" in answer.reasons


def test_code_of_substance_is_long_or_asks_for_more() -> None:
    assert wish(TaskType.CODE, Indicators(complexity=("deadlock",))).tier is Tier.ADV
    assert wish(TaskType.CODE, chars=2_000).tier is Tier.ADV
    assert wish(TaskType.CODE, Indicators(complexity=("deadlock",), simplicity=("kurz",))).tier is Tier.STD


def test_reasoning_tells_its_words() -> None:
    answer = wish(TaskType.REASONING, Indicators(reasoning=("warum", "begründe", "ursache")))
    assert answer.tier is Tier.ADV
    assert "3 reasoning words (warum, begründe, ...)" in answer.reasons


def test_an_open_question_rises_with_its_length_and_its_difficulty() -> None:
    assert wish(TaskType.CHAT, chars=401).tier is Tier.STD
    assert wish(TaskType.CHAT, max_output_tokens=4_000).tier is Tier.STD
    assert wish(TaskType.CHAT, Indicators(reasoning=("warum",))).tier is Tier.STD
    assert wish(TaskType.CHAT, Indicators(reasoning=("warum",), simplicity=("kurz",))).tier is Tier.FAST
    assert wish(TaskType.CHAT, COMPLEX).tier is Tier.ADV


@pytest.mark.parametrize(
    ("kind", "long_tier"),
    [(TaskType.SENTIMENT, Tier.STD), (TaskType.SUMMARIZE, Tier.ADV), (TaskType.ANALYZE, Tier.ADV)],
)
def test_a_long_text_takes_the_next_bigger_local_model(kind: TaskType, long_tier: Tier) -> None:
    assert wish(kind, chars=13_000, input_tokens=6_500).tier is long_tier


@pytest.mark.parametrize("kind", list(TaskType))
def test_a_very_long_text_goes_to_the_cloud(kind: TaskType) -> None:
    answer = wish(kind, chars=60_000, input_tokens=30_000)
    assert answer.tier is Tier.CLOUD
    assert "very long text (about 30000 tokens)" in answer.reasons
