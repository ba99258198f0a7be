"""The one use case behind every door: take jobs in."""

from producer.submission.items import Accepted, AcceptedBatch, Rejected, Submitted
from producer.submission.submission import Submission

__all__ = ["Accepted", "AcceptedBatch", "Rejected", "Submission", "Submitted"]
