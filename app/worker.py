"""What runs beside the pages: reminders, mails, files, signals, the chain of the audit trail, retention."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from app.actions.reminding import pass_over as remind_of_actions
from app.chasing.schedule import terms
from app.chasing.worker import Worker
from app.core.audit_sealing import Sealer
from app.core.outside import file_store, mail_transport, virus_scanner
from app.core.settings import Settings
from app.people.retention import Daily
from app.returns.evidence_worker import EvidenceWorker
from app.signals.measuring import Measurer
from app.visits.reminding import pass_over

Job = Callable[[datetime], int]


def jobs(engine: Engine, config: Settings, *, daily: bool = True) -> tuple[Job, ...]:
    """Return what a worker does again and again, in this order; each says how much more there may be to do.

    `engine` sees all organisations. Without `daily`, what is done once a day is left to another worker.
    """
    mails = Worker(engine, mail_transport(config), config)
    seal, retention = Sealer(engine), Daily(engine)
    measure = Measurer(engine)
    evidence = EvidenceWorker(engine, file_store(config), virus_scanner(config))

    def quietly(job: Callable[[datetime], object]) -> Job:
        def run(now: datetime) -> int:
            job(now)
            return 0

        return run

    remind = quietly(lambda now: pass_over(engine, now))
    actions = quietly(lambda now: remind_of_actions(engine, now, terms))
    once = [quietly(retention)] if daily else []
    return (remind, actions, mails.step, evidence.tend, measure, quietly(seal), *once)
