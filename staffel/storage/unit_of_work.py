"""One transaction and the repositories that work in it."""

from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from staffel.storage.repositories.batches import BatchRepository
from staffel.storage.repositories.callbacks import CallbackRepository
from staffel.storage.repositories.calls import CallRepository
from staffel.storage.repositories.classification import ClassificationRepository
from staffel.storage.repositories.dispatch import DispatchRepository
from staffel.storage.repositories.intake import IntakeRepository
from staffel.storage.repositories.jobs import JobRepository
from staffel.storage.repositories.ledger import LedgerRepository
from staffel.storage.repositories.reports import ReportRepository
from staffel.storage.repositories.retention import RetentionRepository
from staffel.storage.repositories.runs import RunRepository
from staffel.storage.repositories.sweeps import SweepRepository


class UnitOfWork:
    """Repositories are made when first asked for; all share the transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    @cached_property
    def intake(self) -> IntakeRepository:
        return IntakeRepository(self.connection)

    @cached_property
    def classification(self) -> ClassificationRepository:
        return ClassificationRepository(self.connection)

    @cached_property
    def dispatch(self) -> DispatchRepository:
        return DispatchRepository(self.connection)

    @cached_property
    def runs(self) -> RunRepository:
        return RunRepository(self.connection)

    @cached_property
    def calls(self) -> CallRepository:
        return CallRepository(self.connection)

    @cached_property
    def ledger(self) -> LedgerRepository:
        return LedgerRepository(self.connection)

    @cached_property
    def jobs(self) -> JobRepository:
        return JobRepository(self.connection)

    @cached_property
    def batches(self) -> BatchRepository:
        return BatchRepository(self.connection)

    @cached_property
    def callbacks(self) -> CallbackRepository:
        return CallbackRepository(self.connection)

    @cached_property
    def sweeps(self) -> SweepRepository:
        return SweepRepository(self.connection)

    @cached_property
    def reports(self) -> ReportRepository:
        return ReportRepository(self.connection)

    @cached_property
    def retention(self) -> RetentionRepository:
        return RetentionRepository(self.connection)
