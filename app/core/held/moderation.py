"""What is held about people in moderation; parents first."""

from typing import Final

from app.core.held.words import PERSON, Basis, Erasure, Held, Owner, Personal, Plain, free_text, mine

OF_RETURN = "return_id organisation_id"
SAID = "written about an organisation's answer; it can name people"
SECOND = ("second",)

MODERATION: Final = (
    Held(
        "validated_standard",
        what="judgements of standards that you made",
        about="officers, and people whom a judgement names",
        kept="returns",
        basis=Basis.ACCOUNTABILITY,
        owners={
            "person": Owner("judged_by", what="judgements of standards that you made"),
            "second": Owner("opinion_by", what="second opinions that you gave"),
        },
        personal={
            "judged_by_name": Personal("name of who judged", PERSON, erasure=Erasure.REPLACED),
            "judged_at": Personal("when it was judged", PERSON),
            "comment": free_text("why", SAID),
            "opinion_by_name": Personal("name of the second officer", SECOND, erasure=Erasure.REPLACED),
            "opinion_at": Personal("when the second officer said so", SECOND),
            "opinion_comment": free_text("what the second officer said", SAID),
        },
        plain={
            Plain.LINK: OF_RETURN,
            Plain.PERSON: "judged_by opinion_by",
            Plain.CONTENT: "standard_key domain_key own judged opinion",
            Plain.STATE: "edition version outdated released_at",
        },
        context=("return_id", "organisation_id", "standard_key"),
        of_return="return_id",
    ),
    Held(
        "moderation",
        what="how far the moderation of a return is",
        about="nobody",
        kept="returns",
        plain={
            Plain.LINK: OF_RETURN,
            Plain.PERSON: "released_by",
            Plain.STATE: "edition begun_at released_at",
        },
        of_return="return_id",
    ),
    Held(
        "moderation_share",
        what="domains that you moderate",
        about="officers",
        kept="returns",
        owners={"person": Owner("user_id")},
        personal={"shared_at": mine("since when")},
        plain={Plain.LINK: OF_RETURN, Plain.PERSON: "user_id", Plain.CONTENT: "domain_key"},
        context=("return_id", "organisation_id", "domain_key"),
        removed_with=PERSON,
        of_return="return_id",
    ),
    Held(
        "moderation_message",
        what="questions about a return that you asked or answered",
        about="officers, people who answer, and people whom a message names",
        kept="returns",
        basis=Basis.ACCOUNTABILITY,
        owners={"person": Owner("user_id")},
        personal={
            "user_name": Personal("name of who wrote", PERSON, erasure=Erasure.REPLACED),
            "said_at": Personal("when", PERSON),
            "text": free_text("the message", SAID),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: OF_RETURN,
            Plain.PERSON: "user_id",
            Plain.CONTENT: "domain_key standard_key asks",
        },
        context=("return_id", "organisation_id", "standard_key"),
        of_return="return_id",
    ),
    Held(
        "declared_interest",
        what="interests in organisations that you declared",
        about="officers",
        kept="people",
        basis=Basis.ACCOUNTABILITY,
        owners={"person": Owner("user_id")},
        personal={
            "what": mine("what the interest is"),
            "declared_at": mine("when you declared it"),
            "ended_at": mine("when it ended"),
        },
        plain={Plain.KEY: "id", Plain.PERSON: "user_id", Plain.LINK: "organisation_id"},
        context=("organisation_id",),
        removed_with=PERSON,
    ),
)
