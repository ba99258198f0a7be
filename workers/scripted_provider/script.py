"""The script: rules that say which requests meet which misfortune. The same seed gives the same play."""

import random
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from staffel.fleet import Protocol
from workers.scripted_provider.conversation import Call


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Table):
    """Which requests a rule is for; what is not said does not matter.

    `nth` counts from 1 the requests that fit `protocol`, `model` and `marker`, whichever rule took them.
    """

    protocol: Protocol | None = None
    model: str | None = None
    marker: str | None = None
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    nth: Annotated[int, Field(ge=1)] | None = None

    def fits(self, call: Call) -> bool:
        return (
            self.protocol in (None, call.protocol)
            and self.model in (None, call.model)
            and self.marker in (None, call.marker)
        )


class Action(_Table):
    """What happens to a request. An empty action is a plain, complete answer.

    `delay_ms` passes before anything else; `drip_ms` between the parts of the answer. `hang` never answers,
    `status` refuses (or points elsewhere, to `location`), `reset` closes the connection in the middle of the
    answer. The rest changes the answer.
    """

    delay_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 0
    drip_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    hang: bool = False
    status: Annotated[int, Field(ge=300, le=599)] | None = None
    error_code: str | None = None
    error_message: str | None = None
    retry_after: int | str | None = None
    location: str | None = None
    reset: bool = False
    broken_json: bool = False
    omit_usage: bool = False
    cached_tokens: Annotated[int, Field(ge=0)] = 0
    text: str | None = None
    truncate: bool = False
    nul: bool = False

    @model_validator(mode="after")
    def _ends_one_way(self) -> Self:
        if sum((self.hang, self.status is not None, self.reset)) > 1:
            raise ValueError("give at most one of hang, status, reset")
        return self


class Rule(_Table):
    """One line of the script."""

    match: Match = Match()
    action: Action


RULES = TypeAdapter(list[Rule])


class Script:
    """Chooses the action of each request: that of the first rule which fits."""

    def __init__(self, rules: list[Rule], seed: int) -> None:
        self._rules = rules
        self._seed = seed
        self._seen = [0] * len(rules)

    def action_for(self, call: Call) -> Action:
        # Every rule counts all requests that fit it: rules for the 1st and the 2nd can stand together.
        chosen = [
            rule.action for number, rule in enumerate(self._rules) if self._applies(number, rule.match, call)
        ]
        return chosen[0] if chosen else Action()

    def _applies(self, number: int, match: Match, call: Call) -> bool:
        if not match.fits(call):
            return False
        self._seen[number] += 1
        count = self._seen[number]
        if match.nth not in (None, count):
            return False
        dice = random.Random(f"{self._seed}:{number}:{count}")  # noqa: S311 - a play, not a secret
        return match.probability is None or dice.random() < match.probability
