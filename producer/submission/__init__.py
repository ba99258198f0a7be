"""The one use case behind every door: take jobs in."""

from producer.submission.checks import check_fields
from producer.submission.hinting import ClassifyHints
from producer.submission.items import Accepted, AcceptedBatch, Rejected, Submitted
from producer.submission.submission import Submission

__all__ = [
    "Accepted",
    "AcceptedBatch",
    "ClassifyHints",
    "Rejected",
    "Submission",
    "Submitted",
    "check_fields",
]
