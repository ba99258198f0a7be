"""The order of jobs and the depth of a tier's window, as functions of values."""

from datetime import datetime, timedelta

#: One step of priority is worth this much waiting: ageing without a sweep, and nothing starves.
PRIORITY_STEP = timedelta(minutes=30)

#: Work that a window holds in advance for each slot, so that a slot never waits for the next top-up.
WINDOW_AHEAD = timedelta(seconds=2)

#: Shorter service times count as this long, which keeps a window at 201 hints a slot or fewer.
SHORTEST_SERVICE_TIME = timedelta(milliseconds=10)

WAITING_PRIORITY = 1
SINGLE_PRIORITY = 5
BATCH_PRIORITY = 7


def rank_at(submitted_at: datetime, priority: int) -> datetime:
    """When a job stands in the order: smaller runs first, priority 0 is the most urgent."""
    return submitted_at + priority * PRIORITY_STEP


def window_size(slots: int, service_time: timedelta) -> int:
    """How many hints a tier's queue may hold: slots x (1 + ceil(2 s / service time))."""
    quotient = -(-WINDOW_AHEAD // max(service_time, SHORTEST_SERVICE_TIME))
    return slots * (1 + quotient)


def default_priority(waiting: bool, in_batch: bool) -> int:
    """The priority of a job that names none. A waiting caller counts more than the batch around the job."""
    if waiting:
        return WAITING_PRIORITY
    return BATCH_PRIORITY if in_batch else SINGLE_PRIORITY
