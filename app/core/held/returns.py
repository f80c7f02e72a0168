"""What is held about people in rounds, returns, the audit trail and the outbox."""

from typing import Final

from app.core.held.words import (
    FREE_TEXT,
    PERSON,
    Basis,
    Erasure,
    Held,
    Owner,
    Personal,
    Plain,
    free_text,
    mine,
)

AS_SIGNED = "part of what was signed"
OPEN_TRAIL = "the audit trail is append-only: it must show who did what"

QUESTIONS_AND_ROUNDS: Final = (
    Held(
        "questionnaire_version",
        what="questionnaires",
        about="nobody",
        kept="nothing",
        plain={
            Plain.KEY: "id",
            Plain.CONTENT: "key version title school_year content content_hash published_at",
            Plain.PERSON: "published_by",
        },
    ),
    Held(
        "round",
        what="rounds",
        about="nobody",
        kept="nothing",
        plain={
            Plain.KEY: "id",
            Plain.CONTENT: "title school_year opens_on due_on kinds phases",
            Plain.LINK: "version_id previous_round_id",
            Plain.STATE: "state created_at closed_at",
        },
    ),
    Held(
        "round_exception",
        what="whom a round asks",
        about="nobody",
        kept="nothing",
        plain={Plain.LINK: "round_id organisation_id", Plain.CONTENT: "included"},
    ),
)

RETURNS: Final = (
    Held(
        "return",
        what="returns that you declared ready",
        about="people who answer",
        kept="returns",
        owners={"person": Owner("ready_by")},
        personal={
            "ready_at": Personal("when it was ready to sign", PERSON),
            "sent_back_reason": free_text("why it was sent back"),
        },
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "ready_by",
            Plain.LINK: "round_id organisation_id version_id",
            Plain.ORGANISATION: "facts",
            Plain.STATE: "state due_on total answered edition issued_at opened_at started_at last_saved_at "
            "signed_at sent_back_at",
        },
        context=("id", "round_id", "organisation_id"),
        of_return="id",
    ),
    Held(
        "answer",
        what="answers that you changed last",
        about="people who answer, and people whom an answer names",
        kept="returns",
        owners={"person": Owner("updated_by")},
        personal={
            "updated_at": Personal("when", PERSON),
            "comment": free_text("comment"),
            "evidence": free_text("evidence"),
            "not_applicable_reason": free_text("why it does not apply"),
            "fact": free_text("fact or text"),
            "action_what": free_text("what will be done"),
            "action_owner": free_text("who sees to it: a name or a job"),
        },
        plain={
            Plain.LINK: "return_id organisation_id",
            Plain.PERSON: "updated_by",
            Plain.CONTENT: "standard_key version level not_applicable strength action_due",
        },
        context=("return_id", "organisation_id", "standard_key"),
        of_return="return_id",
    ),
    Held(
        "answer_version",
        what="each time that you saved an answer",
        about="people who answer, and people whom an answer names",
        kept="returns",
        basis=Basis.ACCOUNTABILITY,
        owners={"person": Owner("saved_by")},
        personal={
            "saved_at": Personal("when", PERSON),
            "content": free_text("the answer, as above"),
            "sent": free_text("the answer as the browser sent it"),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: "return_id organisation_id",
            Plain.PERSON: "saved_by",
            Plain.CONTENT: "standard_key version accepted",
            Plain.TECHNICAL: "save_key",
        },
        context=("return_id", "organisation_id", "standard_key", "version", "accepted"),
        of_return="return_id",
    ),
    Held(
        "evidence_file",
        what="files of evidence that you uploaded or removed",
        about="people who answer, and people whom a file names",
        kept="returns",
        basis=Basis.ACCOUNTABILITY,
        owners={
            "person": Owner("uploaded_by", what="files of evidence that you uploaded"),
            "remover": Owner("removed_by", what="files of evidence that you removed"),
        },
        personal={
            "name": Personal("name of the file", PERSON, because="it is the organisation's evidence"),
            "uploaded_at": Personal("when it was uploaded", PERSON),
            "removed_at": Personal("when it was removed", ("remover",)),
        },
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "uploaded_by removed_by",
            Plain.LINK: "return_id organisation_id carried_from",
            Plain.CONTENT: "standard_key type_key size sha256 signed_edition",
            Plain.STATE: "scan_state scan_due_at scan_attempts scan_detail scanned_at",
            Plain.TECHNICAL: "stored_as",
        },
        context=("return_id", "organisation_id", "standard_key"),
        of_return="return_id",
    ),
    Held(
        "domain_colleague",
        what="domains that you were given",
        about="people who answer",
        kept="returns",
        owners={"person": Owner("user_id")},
        personal={"domain_key": mine("which domain")},
        plain={Plain.LINK: "return_id organisation_id", Plain.PERSON: "user_id"},
        context=("return_id", "organisation_id"),
        removed_with=PERSON,
        of_return="return_id",
    ),
    Held(
        "signed_return",
        what="returns that you signed",
        about="people who sign, and people whom an answer names",
        kept="returns",
        basis=Basis.ACCOUNTABILITY,
        owners={"person": Owner("signatory_id")},
        personal={
            "signatory_name": Personal("name of who signed", PERSON, because=AS_SIGNED),
            "signed_at": Personal("when", PERSON, because=AS_SIGNED),
            "content": free_text(
                "the return as it was signed", f"{FREE_TEXT}; {AS_SIGNED}, its hash proves it"
            ),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: "return_id organisation_id",
            Plain.PERSON: "signatory_id",
            Plain.CONTENT: "edition content_hash declaration",
        },
        context=("return_id", "organisation_id", "edition", "content_hash", "declaration"),
        of_return="return_id",
    ),
    Held(
        "domain_rating",
        what="ratings",
        about="nobody",
        kept="returns",
        plain={
            Plain.KEY: "id",
            Plain.LINK: "return_id round_id organisation_id",
            Plain.CONTENT: "domain_key position source outcome rule applicable answered points possible "
            "share_percent reds ambers greens critical_reds unevidenced deciding thresholds rated_at "
            "released_at",
        },
        of_return="return_id",
    ),
    Held(
        "call",
        what="calls that you logged",
        about="people of the partnership, and people who were rung",
        kept="returns",
        owners={"person": Owner("called_by")},
        personal={
            "caller_name": Personal("name of who rang", PERSON, erasure=Erasure.REPLACED),
            "called_at": Personal("when", PERSON),
            "outcome": Personal("what came of it", PERSON),
            "note": free_text("note"),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: "return_id organisation_id",
            Plain.PERSON: "called_by",
            Plain.STATE: "next_on",
        },
        context=("return_id", "organisation_id"),
        of_return="return_id",
    ),
)

TRAIL: Final = (
    Held(
        "audit_event",
        what="what you did, and what was done about your account",
        about="everybody who can sign in",
        kept="trail",
        basis=Basis.ACCOUNTABILITY,
        owners={
            "person": Owner("actor_id", what="what you did"),
            "subject": Owner("subject_id", only=("subject", "user"), what="what was done about your account"),
        },
        personal={
            "at": Personal("when", ("person", "subject"), because=OPEN_TRAIL),
            "event": Personal("what happened", ("person", "subject"), because=OPEN_TRAIL),
            "actor_name": Personal("name of who did it", PERSON, because=OPEN_TRAIL),
            "detail": Personal(
                "before and after", exported=False, because=f"it can name other people; {OPEN_TRAIL}"
            ),
        },
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "actor_id",
            Plain.LINK: "subject subject_id organisation_id",
        },
        context=("subject", "subject_id", "organisation_id"),
    ),
    Held(
        "audit_seal",
        what="the chain over the audit trail",
        about="nobody",
        kept="nothing",
        plain={Plain.KEY: "position", Plain.LINK: "event_id", Plain.CONTENT: "sealed_at previous hash"},
    ),
    Held(
        "reading",
        what="what you read",
        about="everybody who can sign in",
        kept="readings",
        basis=Basis.ACCOUNTABILITY,
        owners={"person": Owner("user_id")},
        personal={
            "at": Personal("when", PERSON),
            "what": Personal("which part", PERSON),
        },
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "user_id",
            Plain.LINK: "session_id subject subject_id organisation_id",
            Plain.STATE: "hour",
        },
        context=("subject", "subject_id", "organisation_id"),
    ),
    Held(
        "outbox_message",
        what="mails to you",
        about="everybody who can sign in",
        kept="mails",
        owners={"person": Owner("recipient", by="address")},
        personal={
            "recipient": Personal("address", PERSON, erasure=Erasure.READDRESSED),
            "kind": Personal("what kind of mail", PERSON),
            "created_at": Personal("when it was written", PERSON),
            "sent_at": Personal("when it left", PERSON),
            "subject": Personal(
                "subject",
                PERSON,
                exported=False,
                erasure=Erasure.EMPTIED,
                because="you have the mail; it can name others",
            ),
            "body": Personal(
                "text",
                PERSON,
                exported=False,
                erasure=Erasure.EMPTIED,
                because="you have the mail; it can name others",
            ),
            "last_error": Personal(
                "what the mail server answered",
                PERSON,
                exported=False,
                erasure=Erasure.EMPTIED,
                because="no use outside",
            ),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: "organisation_id",
            Plain.STATE: "state due_at delivery",
            Plain.TECHNICAL: "dedupe_key leased_until attempts message_id provider_id asked_at",
        },
        context=("organisation_id", "state"),
    ),
)
