"""Names of log fields."""

from enum import StrEnum


class LogField(StrEnum):
    """Keys of structured log lines; never the content of a job."""

    JOB = "job_id"
    TIER = "tier"
    ATTEMPT = "attempt"
    OUTCOME = "outcome"
    PROVIDER = "provider"
    MODEL = "model"
