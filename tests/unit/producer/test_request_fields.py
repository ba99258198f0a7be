"""Which layer of a request wins, and what a line of a file asks for."""

import pytest

from producer.fields import build_request, fields_of_file, fields_of_line, fields_of_row, merge
from staffel.contracts.errors import InvalidRequestError
from staffel.documents import DocumentItem


def line(**fields: object) -> DocumentItem:
    text = next((value for name in ("text", "prompt") if isinstance(value := fields.get(name), str)), "")
    return DocumentItem("a.jsonl:7", text, fields)


def row(**fields: object) -> DocumentItem:
    return DocumentItem("a.csv:2", "name: x", fields)


def test_the_later_layer_wins_field_by_field() -> None:
    merged = merge(
        {"task": "chat", "priority": 7, "options": {"temperature": 0.5, "max_output_tokens": 9}},
        {"task": "sentiment", "options": {"max_output_tokens": 32}, "metadata": {"a": "1"}},
        {"prompt": "x", "metadata": {"b": "2"}},
    )
    assert merged == {
        "task": "sentiment",
        "priority": 7,
        "options": {"temperature": 0.5, "max_output_tokens": 32},
        "metadata": {"a": "1", "b": "2"},
        "prompt": "x",
    }


def test_merging_changes_no_layer() -> None:
    lower: dict[str, object] = {"options": {"temperature": 1.0}}
    merge(lower, {"options": {"language": "de"}})
    assert lower == {"options": {"temperature": 1.0}}


def test_nested_fields_that_are_no_objects_are_left_for_the_contract_to_refuse() -> None:
    with pytest.raises(InvalidRequestError, match="options"):
        build_request({"options": {"temperature": 1.0}}, {"prompt": "x", "options": "hot"})


def test_a_whole_file_is_a_document_with_its_source() -> None:
    assert fields_of_file(DocumentItem("a.txt", "words")) == {
        "document": {"text": "words", "source": "a.txt"}
    }


def test_a_source_longer_than_the_contract_allows_keeps_its_end() -> None:
    fields = fields_of_file(DocumentItem("d/" * 2000 + "a.txt", "words"))
    request = build_request(fields)
    assert request.document is not None
    assert request.document.source.endswith("/a.txt")


def test_a_line_with_a_prompt_is_a_request() -> None:
    request = build_request({"task": "chat"}, fields_of_line(line(prompt="hello", task="sentiment")))
    assert (request.prompt, request.task) == ("hello", "sentiment")


def test_a_line_with_messages_is_a_request() -> None:
    request = build_request(fields_of_line(line(messages=[{"role": "user", "content": "hello"}])))
    assert request.text == "hello"


def test_a_line_may_give_its_document_as_text() -> None:
    request = build_request(fields_of_line(line(document="a contract", task="summarize")))
    assert request.document is not None
    assert (request.document.text, request.document.source) == ("a contract", "a.jsonl:7")


def test_text_beside_fields_of_a_request_is_the_document() -> None:
    request = build_request(fields_of_line(line(text="nice", task="sentiment")))
    assert (request.text, request.task) == ("nice", "sentiment")


def test_an_unknown_field_in_a_request_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequestError, match="priorty: unknown field"):
        build_request(fields_of_line(line(prompt="x", priorty=1)))


def test_an_object_without_any_field_of_a_request_is_a_document() -> None:
    request = build_request({"task": "sentiment"}, fields_of_line(line(text="nice", stars=5)))
    assert (request.text, request.task) == ("nice", "sentiment")


def test_an_object_without_any_text_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="neither text nor prompt"):
        fields_of_line(line(stars=5))


def test_a_csv_row_is_a_document_whatever_its_columns_are_called() -> None:
    fields = fields_of_row(row(version="4.2", model="K-700", task="", text="fine"))
    assert fields == {"document": {"text": "name: x", "source": "a.csv:2"}}


def test_a_csv_row_with_a_prompt_is_a_request_and_other_columns_are_data() -> None:
    request = build_request(fields_of_row(row(prompt="hi", priority="3", tier="", id="7", version="4.2")))
    assert (request.prompt, request.priority, request.tier) == ("hi", 3, None)


def test_a_file_cannot_weaken_the_data_class_it_is_submitted_with() -> None:
    with pytest.raises(InvalidRequestError, match="data_class"):
        merge({"data_class": "restricted"}, {"prompt": "x", "data_class": "public"})


def test_a_file_may_ask_for_a_stricter_data_class() -> None:
    assert merge({"data_class": "internal"}, {"data_class": "restricted"})["data_class"] == "restricted"
