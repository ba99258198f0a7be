"""Runs jobs: claim, handle, resolve the outcome, record it in one transaction."""

from workers.executor.executor import Executor

__all__ = ["Executor"]
