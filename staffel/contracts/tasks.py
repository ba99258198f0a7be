"""Names of the Celery tasks and of the tasks a job may ask for."""

from enum import StrEnum


class CeleryTask(StrEnum):
    """What a hint may name. Its only argument is a list of ids."""

    CLASSIFY = "staffel.classify"
    RUN = "staffel.run"
    RUN_ALONE = "staffel.run_alone"


class KnownTask(StrEnum):
    """Tasks with an instruction of their own. The set is open: any other name sends the prompt as it is."""

    CHAT = "chat"
    COMPLETE = "complete"
    CLASSIFY = "classify"
    SENTIMENT = "sentiment"
    EXTRACT = "extract"
    SUMMARIZE = "summarize"
    TRANSLATE = "translate"
    CODE = "code"
    ANALYZE = "analyze"


TASK_NAME_PATTERN = r"^[a-z][a-z0-9_.-]{0,63}$"
