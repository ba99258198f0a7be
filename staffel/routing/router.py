"""The router of this release, rules in German and English: read the text, wish a tier, obey constraints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter_ns

from staffel.contracts.requests import Strategy
from staffel.contracts.tiers import Tier
from staffel.contracts.tokens import estimate_tokens
from staffel.routing.constraints import Verdict, admit
from staffel.routing.indicators import Indicators, find_indicators
from staffel.routing.ladder import nearest_tier
from staffel.routing.language import Language, detect
from staffel.routing.policy import Material, Wish, wished_tier
from staffel.routing.task_type import TypedTask, task_type
from staffel.routing.values import Decision, RoutingJob, RoutingState
from staffel.routing.window import window

ROUTER_VERSION = "rules-1"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the text of a job shows."""

    language: Language
    signs: Indicators
    task: TypedTask
    material: Material


@dataclass(frozen=True, slots=True)
class _Choice:
    """The tier to start on, those a job may ever use, the tiers that this rules out, and why."""

    tier: Tier | None
    permitted: tuple[Tier, ...]
    excluded: Mapping[Tier, str]
    reasons: tuple[str, ...]


def route(jobs: Sequence[RoutingJob], state: RoutingState) -> list[Decision]:
    """One decision a job, in the order of the jobs; no job has an influence on another."""
    return [_decide(job, state) for job in jobs]


def _decide(job: RoutingJob, state: RoutingState) -> Decision:
    started_ns = perf_counter_ns()
    reading = _read(job)
    wish = wished_tier(reading.task.type, reading.signs, reading.material)
    verdict = admit(job, state, reading.material.input_tokens)
    choice = _choose(job, wish, verdict)
    return Decision(
        tier=choice.tier,
        task_type=reading.task.type.value,
        language=reading.language.value,
        confidence=_confidence(job, choice, reading.task),
        reasons=(reading.task.reason, *choice.reasons),
        permitted=choice.permitted,
        excluded={**verdict.excluded, **choice.excluded},
        features=_features(job, reading),
        router_version=ROUTER_VERSION,
        microseconds=(perf_counter_ns() - started_ns) // 1_000,
        input_tokens=reading.material.input_tokens,
        refusal=verdict.refusal,
    )


def _read(job: RoutingJob) -> _Reading:
    seen = window(job.text)
    language = detect(seen)
    signs = find_indicators(seen, language)
    return _Reading(
        language=language,
        signs=signs,
        task=task_type(job.task, seen, language, signs),
        material=Material(
            chars=len(job.text),
            input_tokens=estimate_tokens(job.text),
            max_output_tokens=job.max_output_tokens,
        ),
    )


def _choose(job: RoutingJob, wish: Wish, verdict: Verdict) -> _Choice:
    if verdict.refusal is not None:
        return _Choice(None, (), {}, (verdict.refusal.message,))
    choice = _auto(wish, verdict) if job.tier is None else _forced(job.tier, verdict)
    return _fixed(choice) if job.strategy is Strategy.FIXED else choice


def _auto(wish: Wish, verdict: Verdict) -> _Choice:
    tier = nearest_tier(wish.tier, verdict.admitted)
    reasons = wish.reasons
    if tier is not None and tier is not wish.tier:
        why = verdict.excluded[wish.tier]
        reasons = (*reasons, f"{wish.tier} is excluded ({why}), {tier} is the nearest permitted tier")
    return _Choice(tier, verdict.admitted, {}, reasons)


def _forced(tier: Tier, verdict: Verdict) -> _Choice:
    """Forced is forced: nothing better, and what is cheaper serves only as a degraded fallback."""
    better = [other for other in tier.above() if other in verdict.admitted]
    return _Choice(
        tier,
        permitted=tuple(other for other in verdict.admitted if other not in better),
        excluded=dict.fromkeys(better, f"tier {tier} is asked for"),
        reasons=(f"tier {tier} is asked for",),
    )


def _fixed(choice: _Choice) -> _Choice:
    """A fixed job stays on its tier, whether the request or the policy named it."""
    others = [tier for tier in choice.permitted if tier is not choice.tier]
    return replace(
        choice,
        permitted=tuple(tier for tier in choice.permitted if tier is choice.tier),
        excluded={**choice.excluded, **dict.fromkeys(others, f"strategy fixed stays on {choice.tier}")},
        reasons=(*choice.reasons, "strategy fixed keeps the job on its tier"),
    )


def _confidence(job: RoutingJob, choice: _Choice, task: TypedTask) -> float:
    """1 when the tier was asked for, 0 when there is none, else as sure as the kind of task."""
    if choice.tier is None:
        return 0.0
    return task.confidence if job.tier is None else 1.0


def _features(job: RoutingJob, reading: _Reading) -> dict[str, float | str | bool]:
    """Numbers for later learning and for explaining a decision; nothing of the content."""
    signs = reading.signs
    return {
        "chars": reading.material.chars,
        "max_output_tokens": job.max_output_tokens,
        "turns": job.turns,
        "has_schema": job.has_schema,
        "complexity_words": len(signs.complexity),
        "simplicity_words": len(signs.simplicity),
        "reasoning_words": len(signs.reasoning),
        "code_words": len(signs.code) + len(signs.weak_code),
        "code_shape": signs.code_shape,
        "shows_code": signs.shows_code,
        "difficulty": signs.difficulty,
    }
