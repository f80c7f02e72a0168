"""A school with a return to give evidence for, and the ways to give it."""

from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient

from app.core.access import OrganisationRole, Work
from app.questionnaires.definition import Questionnaire
from app.returns import queries
from tests import builders
from tests.conftest import ClientAs
from tests.returns.file_makers import pdf


@dataclass
class School:
    """A school's return, and a standard of its first domain."""

    this: queries.ReturnHead
    questionnaire: Questionnaire
    domain: str
    key: str

    @property
    def path(self) -> str:
        """The address of the return."""
        return f"/returns/{self.this.id}"

    @property
    def evidence(self) -> str:
        """The address of the standard's files."""
        return f"{self.path}/{self.domain}/{self.key}/evidence"

    def again(self, work: Work) -> queries.ReturnHead:
        """Return the return as it stands now."""
        return queries.head(work.session, work.actor, self.this.id)


def school(work: Work, name: str = "Ashgrove Primary School", previous: int | None = None) -> School:
    """Issue a round to a new school."""
    return asked(work, builders.organisation(work, name), previous)


def asked(work: Work, place: int, previous: int | None = None) -> School:
    """Issue a round to a school."""
    round_id = builders.open_round(work, [place], previous=previous)
    this = builders.return_of(work, round_id, place)
    questionnaire = queries.questionnaire_of(work.session, this)
    domain = questionnaire.domains[0]
    work.session.commit()
    return School(this, questionnaire, domain.key, domain.rated[0].key)


def lead_of(school: School, client_as: ClientAs) -> TestClient:
    """Return the browser of somebody who leads and signs there."""
    return client_as(
        OrganisationRole.LEAD, OrganisationRole.SIGNATORY, organisation=school.this.organisation_id
    )


def send(client: TestClient, school: School, name: str = "Policy.pdf", content: bytes | None = None) -> Any:
    """Upload a file as a browser's form does."""
    return client.post(
        school.evidence, files={"file": (name, pdf() if content is None else content, "application/x-any")}
    )


def file_rows(work: Work, school: School) -> list[Any]:
    """Return the rows of a return's files."""
    from sqlalchemy import select  # noqa: PLC0415 - only this function looks behind the pages
    from sqlmodel import col  # noqa: PLC0415

    from app.returns.models import EvidenceFile  # noqa: PLC0415

    work.session.rollback()
    work.session.expire_all()
    rows = work.session.execute(
        select(EvidenceFile)
        .where(col(EvidenceFile.return_id) == school.this.id)
        .order_by(col(EvidenceFile.id))
    )
    return list(rows.scalars())
