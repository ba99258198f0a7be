"""The stand-in itself, asked by the vendors' own clients."""

from typing import Any

import anthropic
import ollama
import openai
import pytest

from tests.conformance.providers.scripted_server import KEY, MODEL, ScriptedServer, ledger_lines

QUESTION: Any = [{"role": "user", "content": "Which relay is next? [[id:relay]]"}]


def openai_client(server: ScriptedServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0)


def anthropic_client(server: ScriptedServer) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.url, api_key=KEY, max_retries=0)


def openai_stream(server: ScriptedServer) -> tuple[str, int, int]:
    with openai_client(server) as client:
        options: Any = {"include_usage": True}
        chunks = list(
            client.chat.completions.create(
                model=MODEL, messages=QUESTION, stream=True, stream_options=options
            )
        )
    usage = chunks[-1].usage
    assert usage is not None
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return text, usage.prompt_tokens, usage.completion_tokens


def anthropic_stream(server: ScriptedServer) -> tuple[str, int, int]:
    with (
        anthropic_client(server) as client,
        client.messages.stream(model=MODEL, max_tokens=500, messages=QUESTION) as events,
    ):
        message = events.get_final_message()
    return events.get_final_text(), message.usage.input_tokens, message.usage.output_tokens


def ollama_stream(server: ScriptedServer) -> tuple[str, int, int]:
    with ollama.Client(host=server.url) as client:
        lines = list(client.chat(model=MODEL, messages=QUESTION, stream=True))
    counts = lines[-1].prompt_eval_count or 0, lines[-1].eval_count or 0
    return "".join(line.message.content or "" for line in lines), *counts


STREAMS = [openai_stream, anthropic_stream, ollama_stream]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_carries_the_same_answer_as_a_whole_reply(server: ScriptedServer, stream: Any) -> None:
    with openai_client(server) as client:
        whole = client.chat.completions.create(model=MODEL, messages=QUESTION).choices[0].message.content
    text, input_tokens, output_tokens = stream(server)
    charged = server.ledger()[-1]
    assert text == whole
    assert (input_tokens, output_tokens) == (charged["input_tokens"], charged["output_tokens"])
    assert charged["marker"] == "relay"


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_can_be_cut_off_in_the_middle(server: ScriptedServer, stream: Any) -> None:
    server.play(reset=True)
    with pytest.raises(Exception, match=r"incomplete|peer closed|Connection"):
        stream(server)
    assert server.ledger()[0]["outcome"] == "reset"


def test_the_vendors_clients_can_list_the_models(server: ScriptedServer) -> None:
    with openai_client(server) as client:
        assert [model.id for model in client.models.list()] == [MODEL]
    with anthropic_client(server) as client:
        assert [model.id for model in client.models.list()] == [MODEL]
    with ollama.Client(host=server.url) as client:
        assert [model.model for model in client.list().models] == [MODEL]
        assert [model.model for model in client.ps().models] == [MODEL]
        assert client.show(MODEL).capabilities == ["completion"]
    assert "version" in server.http.get("/api/version").json()


def test_every_request_is_in_the_ledger_file_before_it_is_answered(server: ScriptedServer) -> None:
    server.play(status=500)
    with openai_client(server) as client, pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model=MODEL, messages=QUESTION)
    [line] = ledger_lines(server.ledger_file)
    assert (line["outcome"], line["marker"], line["output_tokens"]) == ("refused", "relay", 0)


def test_what_is_no_request_is_refused_and_still_in_the_ledger(server: ScriptedServer) -> None:
    answer = server.http.post("/v1/chat/completions", content=b'{"model": 1')
    assert answer.status_code == 400
    assert [entry["outcome"] for entry in server.ledger()] == ["refused"]


def test_a_rule_for_the_nth_request_meets_only_that_one(server: ScriptedServer) -> None:
    server.follow(
        {"match": {"protocol": "openai", "nth": 1}, "action": {"text": "first"}},
        {"match": {"protocol": "openai", "nth": 2}, "action": {"text": "second"}},
    )
    with openai_client(server) as client:
        texts = [
            client.chat.completions.create(model=MODEL, messages=QUESTION).choices[0].message.content
            for _ in range(3)
        ]
    assert texts[:2] == ["first", "second"]
    assert texts[2] not in texts[:2]


def test_a_probability_plays_the_same_again_with_the_same_seed(server: ScriptedServer) -> None:
    plays = []
    for _ in range(2):
        server.reset()
        server.follow({"match": {"probability": 0.5}, "action": {"status": 503}})
        body = {"model": MODEL, "messages": QUESTION}
        plays.append([server.http.post("/api/chat", json=body).status_code for _ in range(20)])
    assert plays[0] == plays[1]
    assert set(plays[0]) == {200, 503}


def test_a_script_with_an_unknown_action_is_refused_by_name(server: ScriptedServer) -> None:
    answer = server.http.put("/_script", json=[{"action": {"explode": True}}])
    assert answer.status_code == 422
    assert "explode" in answer.text
