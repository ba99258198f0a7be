"""Names of log fields. For token usage they are those of the OpenTelemetry GenAI conventions."""

from enum import StrEnum


class LogField(StrEnum):
    """Keys of structured log lines; never the content of a job."""

    JOB = "job_id"
    BATCH = "batch_id"
    TIER = "tier"
    ATTEMPT = "attempt"
    OUTCOME = "outcome"
    PROVIDER = "provider"
    MODEL = "model"
    WORKER = "worker"
    ERROR = "error_code"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    DURATION_MS = "duration_ms"
