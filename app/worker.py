"""What runs beside the pages: mails, the chain over the audit trail, evidence files, the day's retention."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from app.core import outbox
from app.core.audit_sealing import Sealer
from app.core.settings import Settings
from app.core.stores import file_store, virus_scanner
from app.people.retention import Daily
from app.returns.evidence_worker import EvidenceWorker

Job = Callable[[datetime], int]


def jobs(engine: Engine, config: Settings, *, daily: bool = True) -> tuple[Job, ...]:
    """Return what a worker does again and again, in this order; each says how much more there may be to do.

    `engine` sees all organisations. Without `daily`, what is done once a day is left to another worker.
    """
    send = outbox.transport(config)
    seal, retention = Sealer(engine), Daily(engine)
    evidence = EvidenceWorker(engine, file_store(config), virus_scanner(config))

    def deliver(now: datetime) -> int:
        return outbox.deliver(engine, send, sender=config.mail_from, now=now)

    def quietly(job: Callable[[datetime], object]) -> Job:
        def run(now: datetime) -> int:
            job(now)
            return 0

        return run

    return (deliver, evidence.tend, quietly(seal), *([quietly(retention)] if daily else []))
