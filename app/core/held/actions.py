"""What is held about people in improvement actions; parents first.

An action goes with its return, or, when it had none, by the rule `actions`; what was said goes with it.
"""

from typing import Final

from app.core.held.words import PERSON, Erasure, Held, Owner, Personal, Plain, free_text

ACTIONS: Final = (
    Held(
        "action",
        what="improvement actions",
        about="people whom an action names",
        kept="actions",
        personal={
            "what": free_text("what will be done"),
            "owner": free_text("who sees to it: a name or a job"),
            "progress": free_text("what has become of it"),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: "organisation_id return_id round_id source source_id",
            Plain.CONTENT: "domain_key domain_title standard_key standard_title level due_on",
            Plain.STATE: "status created_at said_at reviewed_at closed_at",
            Plain.TECHNICAL: "reminded",
        },
        of_return="return_id",
    ),
    Held(
        "action_note",
        what="what you said about actions",
        about="people who say how far an action is, and people whom they name",
        kept="actions",
        owners={"person": Owner("user_id")},
        personal={
            "user_name": Personal("name of who said it", PERSON, erasure=Erasure.REPLACED),
            "said_at": Personal("when", PERSON),
            "words": free_text("what was said"),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: "action_id organisation_id",
            Plain.PERSON: "user_id",
            Plain.STATE: "kind status",
        },
        context=("action_id", "organisation_id"),
    ),
)
