"""The fields of a request in layers: what the command says, the manifest, the line itself; later ones win."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pydantic import ValidationError

from staffel.contracts.errors import InvalidRequestError
from staffel.contracts.privacy import DataClass
from staffel.contracts.requests import JobRequest
from staffel.contracts.validation import invalid_request
from staffel.documents import DocumentItem

Fields = Mapping[str, object]

#: Merged field by field, so that one option more does not drop the others.
NESTED = ("options", "metadata")

#: From open to closed.
CLASSES = tuple(DataClass)

CONTENT = ("prompt", "messages", "document")

#: A column of any other name is data: real tables have a `version`, too.
CSV_CONTENT = "prompt"
CSV_REQUEST = (
    "task",
    "tier",
    "model",
    "priority",
    "strategy",
    "data_class",
    "deadline",
    "max_cost_usd",
    "callback_url",
    "idempotency_key",
)

MAX_SOURCE_CHARS = 1024


def merge(*layers: Fields) -> dict[str, object]:
    """One request from its layers, the strongest last.

    Raises InvalidRequestError when a later layer would open a data class that an earlier one closed: what
    a file says of itself must not weaken what the person said who submits it.
    """
    _refuse_weaker_class([layer["data_class"] for layer in layers if layer.get("data_class")])
    merged: dict[str, object] = {}
    for layer in layers:
        for name, value in layer.items():
            before = merged.get(name)
            if name in NESTED and isinstance(before, Mapping) and isinstance(value, Mapping):
                merged[name] = {**before, **value}
            else:
                merged[name] = value
    return merged


def _refuse_weaker_class(classes: Sequence[object]) -> None:
    known = [DataClass(str(given)) for given in classes if given in CLASSES]
    for earlier, later in pairwise(known):
        if CLASSES.index(later) < CLASSES.index(earlier):
            raise InvalidRequestError(
                f"{later} would weaken {earlier}, which was asked for the whole", field="data_class"
            )


def build_request(*layers: Fields) -> JobRequest:
    """The request made of the layers; raises InvalidRequestError naming the fields."""
    try:
        return JobRequest.model_validate(merge(*layers))
    except ValidationError as error:
        raise invalid_request(error) from error


def fields_of_file(item: DocumentItem) -> Fields:
    """A whole file is the document of its job."""
    return _as_document(item)


def fields_of_row(item: DocumentItem) -> Fields:
    """A CSV row is a document, unless it has a column `prompt`; then columns named like fields are fields."""
    if not item.fields.get(CSV_CONTENT):
        return _as_document(item)
    named = {name: item.fields.get(name) for name in (CSV_CONTENT, *CSV_REQUEST)}
    return {name: value for name, value in named.items() if value}


def fields_of_line(item: DocumentItem) -> Fields:
    """A JSONL line: an object with any field of a request is one, and unknown fields in it are refused.

    Any other object is a document. Raises InvalidRequestError when that holds no text.
    """
    if not any(name in JobRequest.model_fields for name in item.fields):
        if not item.text:
            raise InvalidRequestError("the object has neither text nor prompt, messages or document")
        return _as_document(item)
    own = dict(item.fields)
    if isinstance(own.get("document"), str):
        own["document"] = {"text": own["document"], "source": item.source[-MAX_SOURCE_CHARS:]}
    if isinstance(own.get("text"), str) and not any(own.get(name) for name in CONTENT):
        del own["text"]
        return {**own, **_as_document(item)}
    return own


def _as_document(item: DocumentItem) -> Fields:
    return {"document": {"text": item.text, "source": item.source[-MAX_SOURCE_CHARS:]}}
