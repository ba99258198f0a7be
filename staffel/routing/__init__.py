"""The router: constraints, policy and what the text shows. Pure: values in, decisions out.

A learned router can stand behind the same `route` without any caller noticing.
"""

from staffel.routing.contradictions import contradictions
from staffel.routing.ladder import fallback_tier, next_tier
from staffel.routing.router import route
from staffel.routing.values import (
    Contradiction,
    Decision,
    ModelFacts,
    Refusal,
    RoutingJob,
    RoutingState,
)

__all__ = [
    "Contradiction",
    "Decision",
    "ModelFacts",
    "Refusal",
    "RoutingJob",
    "RoutingState",
    "contradictions",
    "fallback_tier",
    "next_tier",
    "route",
]
