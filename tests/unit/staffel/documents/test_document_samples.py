"""The sample folder keeps its promises: readable, matched, mixed, and small enough for the embedded model."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from staffel.contracts.privacy import DataClass
from staffel.contracts.requests import JobRequest
from staffel.documents import DocumentItem, UnreadableItem, expand_paths, load_manifest, read_documents

SAMPLES = Path(__file__).parents[4] / "samples"
FAST = {"sentiment", "classify", "extract"}
STANDARD = {"summarize", "code"}


@dataclass(frozen=True)
class Sample:
    item: DocumentItem
    request: JobRequest


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    manifest = load_manifest(SAMPLES)
    assert manifest is not None
    found = []
    for path in expand_paths([SAMPLES]):
        entry = manifest.entry_for(path.relative_to(SAMPLES).as_posix())
        assert entry is not None, f"no entry of the manifest matches {path}"
        for item in read_documents(path, root=SAMPLES):
            assert isinstance(item, DocumentItem), item
            request: dict[str, Any] = {**entry.request, "prompt": item.text}
            found.append(Sample(item, JobRequest.model_validate(request)))
    return found


def test_every_entry_of_the_manifest_is_used() -> None:
    manifest = load_manifest(SAMPLES)
    assert manifest is not None
    used = {id(manifest.entry_for(path.relative_to(SAMPLES).as_posix())) for path in expand_paths([SAMPLES])}
    assert used == {id(entry) for entry in manifest.documents}


def test_no_sample_is_unreadable() -> None:
    items = [item for path in expand_paths([SAMPLES]) for item in read_documents(path, root=SAMPLES)]
    assert [item for item in items if isinstance(item, UnreadableItem)] == []


def test_there_are_enough_samples_of_every_format_and_task(samples: list[Sample]) -> None:
    assert 56 <= len(samples) <= 64
    suffixes = {Path(sample.item.source.split(":")[0]).suffix for sample in samples}
    assert suffixes == {".txt", ".md", ".html", ".csv", ".jsonl", ".pdf", ".docx"}
    tasks = {sample.request.task for sample in samples}
    assert tasks == FAST | STANDARD | {"analyze"}


def test_about_half_of_the_samples_are_german(samples: list[Sample]) -> None:
    languages = Counter(sample.request.metadata["language"] for sample in samples)
    assert set(languages) == {"de", "en"}
    assert 0.45 <= languages["de"] / len(samples) <= 0.55


def test_the_language_of_the_manifest_is_the_one_of_the_file(samples: list[Sample]) -> None:
    for sample in samples:
        assert Path(sample.item.source).name.startswith(sample.request.metadata["language"] + "-")


def test_the_tiers_are_balanced(samples: list[Sample]) -> None:
    forced = [sample for sample in samples if sample.request.tier == "cloud-premium"]
    free = Counter(sample.request.task for sample in samples if sample.request.tier is None)
    assert len(forced) + sum(free.values()) == len(samples)
    assert sum(free[task] for task in FAST) <= 0.4 * len(samples)
    assert sum(free[task] for task in STANDARD) >= 10
    assert free["analyze"] >= 8
    assert 5 <= len(forced) <= 6


def test_only_what_may_leave_the_house_is_sent_to_the_cloud(samples: list[Sample]) -> None:
    classes = {sample.request.data_class for sample in samples if sample.request.tier == "cloud-premium"}
    assert classes == {DataClass.PUBLIC, DataClass.INTERNAL}
    kept = Counter(sample.request.data_class for sample in samples if sample.request.tier is None)
    assert (kept[DataClass.RESTRICTED], kept[DataClass.CONFIDENTIAL]) == (1, 1)


def test_every_answer_closes_within_the_tokens_it_may_use(samples: list[Sample]) -> None:
    for sample in samples:
        options = sample.request.options
        assert options.max_output_tokens <= 64
        assert options.labels or _longest_answer(options.json_schema) <= 48, sample.item.source


def test_every_prompt_is_short(samples: list[Sample]) -> None:
    # The embedded model needs a token for about 2.2 characters of German, so this is some 200 tokens.
    assert max(len(sample.item.text) for sample in samples) <= 450


def _longest_answer(schema: dict[str, Any] | None) -> int:
    """Characters in all the free strings of an answer: one token each, if it consists of digits."""
    assert schema is not None
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
    fields = schema["properties"].values()
    return sum(field["maxLength"] if field.get("type") == "string" else 0 for field in fields)
