"""What a task tells the model, and the conversation that comes of it."""

from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from staffel.contracts.requests import JobRequest, Options
from staffel.contracts.states import CallPurpose
from staffel.contracts.tasks import KnownTask
from tests.support.claims import claim_with
from tests.support.fake_provider import FakeProvider, says
from workers.handlers import LanguageHandler
from workers.handlers.instructions import answer_schema, system_instruction
from workers.handlers.language import turns_of
from workers.providers.seam import ModelReply, ModelRequest, Turn

LABELS = Options(labels=("bug", "wish"))


class Calls:
    """Passes calls on to a fake provider and notes their purpose."""

    model = "small"

    def __init__(self) -> None:
        self.provider = FakeProvider()
        self.purposes: list[CallPurpose] = []

    async def complete(self, request: ModelRequest, purpose: CallPurpose) -> ModelReply:
        self.purposes.append(purpose)
        return await self.provider.complete(self.model, request)


@pytest.mark.parametrize("task", [KnownTask.CHAT, KnownTask.COMPLETE, "something.else"])
def test_open_tasks_send_the_prompt_as_it_is(task: str) -> None:
    assert system_instruction(task, Options()) is None
    assert answer_schema(task, Options()) is None


@pytest.mark.parametrize("task", set(KnownTask) - {KnownTask.CHAT, KnownTask.COMPLETE})
def test_every_other_known_task_has_an_instruction_without_gaps(task: KnownTask) -> None:
    text = system_instruction(task, LABELS)
    assert text
    assert "{" not in text


def test_labels_and_language_are_named() -> None:
    assert "bug, wish" in str(system_instruction("classify", LABELS))
    assert "code de" in str(system_instruction("summarize", Options(language="de")))
    assert "into de" in str(system_instruction("translate", Options(language="de")))


@pytest.mark.parametrize(
    ("task", "options", "fits", "breaks"),
    [
        ("sentiment", Options(), {"sentiment": "neutral"}, {"sentiment": "so so"}),
        ("classify", LABELS, {"label": "bug"}, {"label": "other"}),
        ("extract", Options(json_schema={"type": "array"}), [], {}),
        ("sentiment", Options(json_schema={"type": "array"}), [], {"sentiment": "neutral"}),
    ],
)
def test_the_schema_of_a_task_takes_what_it_should(
    task: str, options: Options, fits: object, breaks: object
) -> None:
    schema = answer_schema(task, options)
    assert schema is not None
    validator = Draft202012Validator(dict(schema))
    assert (validator.is_valid(fits), validator.is_valid(breaks)) == (True, False)


def test_messages_follow_the_instruction_in_their_order() -> None:
    messages = ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"})
    request = JobRequest.model_validate({"task": "summarize", "messages": messages})
    first, *rest = turns_of(request)
    assert first.role == "system"
    assert rest == [Turn("user", "a"), Turn("assistant", "b")]


async def test_a_repair_that_is_no_better_does_not_replace_a_better_answer() -> None:
    calls = Calls()
    calls.provider.plays(says('{"sentiment": "so so"}'), says(""))
    handler = LanguageHandler(timedelta(seconds=1))
    answer = await handler.run(claim_with(task="sentiment"), calls)
    assert (answer.text, answer.failed_checks) == ('{"sentiment": "so so"}', ("schema",))
    assert calls.purposes == [CallPurpose.ANSWER, CallPurpose.REPAIR]
