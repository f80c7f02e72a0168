"""What is held about people in assurance visits; parents first.

What belongs to a visit goes with it: with its return, or, when it had none, by the rule `visits`.
"""

from typing import Final

from app.core.held.words import PERSON, Basis, Erasure, Held, Owner, Personal, Plain, free_text, mine

OF_VISIT = "visit_id organisation_id"
HEARD = "written for the partnership about a visit; it can name people"

VISITS: Final = (
    Held(
        "visit_setting",
        what="points and capacity for visits",
        about="nobody",
        kept="nothing",
        plain={Plain.KEY: "name", Plain.CONTENT: "value"},
    ),
    Held(
        "visit_draw",
        what="random draws for visits",
        about="nobody",
        kept="nothing",
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "drawn_by",
            Plain.CONTENT: "seed drawn_at",
            Plain.LINK: "pool chosen",
        },
    ),
    Held(
        "visit_seat",
        what="for which safeguarding partner you speak",
        about="people of the partnership",
        kept="people",
        owners={"person": Owner("user_id")},
        personal={"partner": mine("for whom")},
        plain={Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "visit_template",
        what="Word templates for reports of visits",
        about="nobody",
        kept="nothing",
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "uploaded_by",
            Plain.CONTENT: "file_name content uploaded_at",
            Plain.STATE: "in_use",
        },
    ),
    Held(
        "visit",
        what="assurance visits",
        about="people whom the notes of a visit name",
        kept="visits",
        personal={
            "why": free_text("why it was chosen", HEARD),
            "waiver": free_text("why its notice is short", HEARD),
            "letter": free_text("what its letter said", HEARD),
            "highlights": free_text("what was told at the end of the day", HEARD),
            "young_comment": free_text("what young scrutineers said", HEARD),
            "closed_why": free_text("why it was dropped", HEARD),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: "organisation_id return_id",
            Plain.CONTENT: "calibration points reasons young_stars",
            Plain.STATE: "state selected_at visit_on framework_due return_due waived_at letter_sent_at "
            "framework_issued_at programme_at held_at closed_at",
        },
        of_return="return_id",
    ),
    Held(
        "visit_endorsement",
        what="what you said to a proposed visit",
        about="people of the partnership",
        kept="visits",
        basis=Basis.ACCOUNTABILITY,
        owners={"person": Owner("user_id")},
        personal={
            "said_at": Personal("when", PERSON),
            "endorsed": Personal("whether you endorsed it", PERSON),
            "comment": free_text("comment", HEARD),
        },
        plain={Plain.LINK: OF_VISIT, Plain.PERSON: "user_id", Plain.CONTENT: "partner"},
        context=("visit_id", "organisation_id", "partner"),
    ),
    Held(
        "visit_question",
        what="lines of enquiry of a visit",
        about="people whom the notes of a visit name",
        kept="visits",
        personal={
            "text": free_text("what is asked", HEARD),
            "why": free_text("why", HEARD),
            "heard": free_text("what was heard", HEARD),
            "seen": free_text("what was seen", HEARD),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: OF_VISIT,
            Plain.CONTENT: "draft_key source domain_key domain ask position shows",
            Plain.STATE: "left_out asked",
        },
    ),
    Held(
        "visit_slot",
        what="programmes of visits",
        about="people whom a programme names",
        kept="visits",
        personal={
            "what": free_text("what happens", HEARD),
            "who": free_text("who is there", HEARD),
        },
        plain={Plain.KEY: "id", Plain.LINK: OF_VISIT, Plain.CONTENT: "begins ends"},
    ),
    Held(
        "visit_report",
        what="reports of visits",
        about="people whom a report names",
        kept="visits",
        personal={
            "strengths": free_text("strengths", HEARD),
            "development": free_text("areas for development", HEARD),
            "consideration": free_text("areas for consideration", HEARD),
        },
        plain={Plain.LINK: OF_VISIT, Plain.STATE: "edition written_at released_at"},
    ),
    Held(
        "visit_agreement",
        what="what you said to the report of a visit",
        about="people of the partnership",
        kept="visits",
        basis=Basis.ACCOUNTABILITY,
        owners={"person": Owner("user_id")},
        personal={
            "said_at": Personal("when", PERSON),
            "agreed": Personal("whether you agreed", PERSON),
            "comment": free_text("comment", HEARD),
        },
        plain={Plain.LINK: OF_VISIT, Plain.PERSON: "user_id", Plain.CONTENT: "edition partner"},
        context=("visit_id", "organisation_id", "edition", "partner"),
    ),
    Held(
        "visit_reply",
        what="replies to the report of a visit",
        about="people who answer, and people whom a reply names",
        kept="visits",
        owners={"person": Owner("user_id")},
        personal={
            "user_name": Personal("name of who replied", PERSON, erasure=Erasure.REPLACED),
            "said_at": Personal("when", PERSON),
            "text": free_text("the reply"),
        },
        plain={Plain.KEY: "id", Plain.LINK: OF_VISIT, Plain.PERSON: "user_id"},
        context=("visit_id", "organisation_id"),
    ),
    Held(
        "visit_reminder",
        what="reminders about visits that were queued",
        about="nobody",
        kept="visits",
        plain={Plain.LINK: OF_VISIT, Plain.TECHNICAL: "key", Plain.STATE: "queued_at"},
    ),
)
