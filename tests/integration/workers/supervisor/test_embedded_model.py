"""The embedded model, started for real: it keeps to a schema, asks for the key, and ends at once."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from workers.supervisor.embedded.model import EmbeddedModel
from workers.supervisor.embedded.server import running
from workers.supervisor.process import ChildProcess

SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": ["billing", "other"]}, "urgent": {"type": "boolean"}},
    "required": ["label", "urgent"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedModel]:
    server = EmbeddedModel(slots=2, context_tokens=2048)
    with running(server, tmp_path_factory.mktemp("model") / "model.log"):
        yield server


def client_of(model: EmbeddedModel) -> httpx.Client:
    return httpx.Client(
        base_url=model.base_url(), headers={"Authorization": f"Bearer {model.key}"}, timeout=30
    )


def test_an_answer_keeps_to_the_schema(model: EmbeddedModel) -> None:
    with client_of(model) as client:
        response = client.post(
            "/chat/completions",
            json={
                "model": model.alias,
                "messages": [{"role": "user", "content": "Classify: my invoice is wrong."}],
                "max_tokens": 60,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "label", "schema": SCHEMA},
                },
            },
        )
    body = response.json()
    answer = json.loads(body["choices"][0]["message"]["content"])
    assert set(answer) == {"label", "urgent"}
    assert answer["label"] in {"billing", "other"}
    assert body["usage"]["prompt_tokens"] > 0
    assert body["model"] == "smollm2-135m"


def test_a_wrong_key_is_refused(model: EmbeddedModel) -> None:
    response = httpx.post(
        f"{model.base_url()}/chat/completions",
        headers={"Authorization": "Bearer wrong"},
        json={"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1},
    )
    assert response.status_code == 401


def test_the_slots_share_the_context_and_metrics_are_served(model: EmbeddedModel) -> None:
    root = model.base_url().removesuffix("/v1")
    with client_of(model) as client:
        assert [slot["n_ctx"] for slot in client.get(f"{root}/slots").json()] == [1024, 1024]
        assert "llamacpp:tokens_predicted_total" in client.get(f"{root}/metrics").text


def test_it_ends_at_once_although_a_request_is_in_flight(tmp_path: Path) -> None:
    server = EmbeddedModel(slots=1, context_tokens=2048)
    story = {
        "messages": [{"role": "user", "content": "Tell a long story."}],
        "stream": True,
        "ignore_eos": True,
    }
    with (
        running(server, tmp_path / "model.log") as child,
        client_of(server) as client,
        client.stream("POST", "/chat/completions", json=story) as stream,
    ):
        assert next(stream.iter_lines())
        assert ends_within(child, 2.0)


def ends_within(child: ChildProcess, limit_s: float) -> bool:
    started = time.monotonic()
    return child.stop(timedelta(seconds=10)) == 0 and time.monotonic() - started < limit_s
