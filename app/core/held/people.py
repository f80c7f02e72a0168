"""What is held about people and their places at organisations; parents before tables that refer to them."""

from typing import Final

from app.core.held.words import FREE_TEXT, GUARDS, PERSON, Basis, Erasure, Held, Owner, Personal, Plain, mine

NOT_LINKED = "not tied to an account"

PEOPLE: Final = (
    Held(
        "user_account",
        what="your account",
        about="everybody who can sign in",
        kept="people",
        owners={"person": Owner("id")},
        personal={
            "name": Personal("name", PERSON, erasure=Erasure.REPLACED),
            "email": Personal("work email address", PERSON, erasure=Erasure.READDRESSED),
            "created_at": Personal("since when", PERSON),
            "disabled_at": Personal("when access was switched off", PERSON),
        },
        plain={Plain.KEY: "id"},
        context=("id",),
    ),
    Held(
        "partnership_member",
        what="your roles for the partnership",
        about="people of the partnership",
        kept="people",
        owners={"person": Owner("user_id")},
        personal={"role": mine("what they do")},
        plain={Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "sign_in_link",
        what="sign-in links that you were mailed",
        about="everybody who can sign in",
        kept="links",
        basis=Basis.SECURITY,
        owners={"person": Owner("user_id")},
        personal={
            "token_hash": mine("hash of the link", exported=False, because=GUARDS),
            "created_at": mine("when it was mailed"),
            "expires_at": mine("until when it worked"),
            "spent_at": mine("when it was used"),
            "return_to": mine("page that was asked for"),
            "tries": mine("wrong codes"),
        },
        plain={Plain.KEY: "id", Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "sign_in_request",
        what="browsers in which you asked for a link",
        about="everybody who can sign in",
        kept="links",
        basis=Basis.SECURITY,
        owners={"person": Owner("user_id")},
        personal={
            "browser_mark": mine("mark of the browser", exported=False, because=GUARDS),
            "code_mark": mine("mark of its code", exported=False, because=GUARDS),
            "expires_at": mine("until when it may be used"),
            "return_to": mine("page that was asked for"),
        },
        plain={Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "login_session",
        what="where and when you were signed in",
        about="everybody who can sign in",
        kept="sessions",
        basis=Basis.SECURITY,
        owners={"person": Owner("user_id")},
        personal={
            "token_hash": mine("hash of the cookie", exported=False, because=GUARDS),
            "created_at": mine("signed in"),
            "expires_at": mine("signed out at the latest"),
            "ended_at": mine("signed out"),
            "last_seen_at": mine("last change there"),
            "browser": mine("browser and system"),
            "factor_at": mine("second factor passed"),
            "factor_tries": mine("wrong codes"),
        },
        plain={Plain.KEY: "id", Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "second_factor",
        what="your authenticator app",
        about="people of the partnership",
        kept="people",
        basis=Basis.SECURITY,
        owners={"person": Owner("user_id")},
        personal={
            "sealed_secret": mine("its secret, sealed", exported=False, because=GUARDS),
            "last_step": mine("last code used, as a count of half minutes"),
            "set_up_at": mine("when it was set up"),
        },
        plain={Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "recovery_code",
        what="your recovery codes",
        about="people of the partnership",
        kept="people",
        basis=Basis.SECURITY,
        owners={"person": Owner("user_id")},
        personal={
            "code_mark": mine("mark of the code", exported=False, because=GUARDS),
            "spent_at": mine("when it was used"),
        },
        plain={Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "rate_limit",
        what="how fast links are asked for",
        about="whoever asks for links",
        kept="limits",
        basis=Basis.SECURITY,
        personal={
            "key": Personal(
                "mark of a network or browser", exported=False, because="it cannot be traced back to a person"
            )
        },
        plain={Plain.TECHNICAL: "ready_at"},
    ),
    Held(
        "retention_run",
        what="what retention did on a day",
        about="nobody",
        kept="nothing",
        plain={Plain.TECHNICAL: "rule day removed finished_at"},
    ),
)

REGISTER_OF_ORGANISATIONS: Final = (
    Held(
        "organisation",
        what="the register",
        about="head teachers",
        kept="heads",
        personal={
            "head_name": Personal(
                "name, as the national register gives it", exported=False, because=NOT_LINKED
            ),
            "head_job_title": Personal("job title", exported=False, because=NOT_LINKED),
        },
        plain={
            Plain.KEY: "id",
            Plain.ORGANISATION: "name kind duty governance phase features status low_age high_age pupils "
            "district address postcode telephone website trust_code trust_name opened_on closes_on",
            Plain.TECHNICAL: "created_at updated_at",
        },
    ),
    Held(
        "identifier",
        what="numbers of organisations",
        about="nobody",
        kept="nothing",
        plain={
            Plain.KEY: "id",
            Plain.LINK: "organisation_id",
            Plain.ORGANISATION: "scheme value valid_from valid_to",
        },
    ),
    Held(
        "succession",
        what="who took over from whom",
        about="nobody",
        kept="nothing",
        plain={Plain.LINK: "predecessor_id successor_id", Plain.ORGANISATION: "merged on_date"},
    ),
    Held(
        "membership",
        what="your roles at organisations",
        about="people of organisations",
        kept="people",
        owners={"person": Owner("user_id")},
        personal={"organisation_id": mine("where"), "role": mine("what they do there")},
        plain={Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "contact",
        what="where you are a contact",
        about="people of organisations",
        kept="contacts",
        owners={"person": Owner("user_id")},
        personal={
            "organisation_id": mine("where"),
            "role": mine("as what"),
            "telephone": mine("telephone number"),
            "created_at": mine("since when"),
            "ended_at": mine("until when"),
        },
        plain={Plain.KEY: "id", Plain.PERSON: "user_id"},
        removed_with=PERSON,
    ),
    Held(
        "hand_over",
        what="changes of contact that you asked for, or that name you",
        about="people who hand over, and who take over",
        kept="contacts",
        owners={
            "leaver": Owner("leaver_id", what="changes of contact that you asked for"),
            "successor": Owner("email", by="address", what="changes of contact that name you"),
            "decider": Owner("decided_by", what="changes of contact that you decided"),
        },
        personal={
            "name": Personal("name of who takes over", ("successor",), erasure=Erasure.REPLACED),
            "email": Personal("address of who takes over", ("successor",), erasure=Erasure.READDRESSED),
            "note": Personal("note", ("leaver",), exported=False, erasure=Erasure.REMOVED, because=FREE_TEXT),
            "asked_at": Personal("when it was asked", ("leaver",), erasure=Erasure.REMOVED),
            "decided_at": Personal("when it was decided", ("leaver", "decider"), erasure=Erasure.REMOVED),
            "reason": Personal(
                "why not", ("leaver",), exported=False, erasure=Erasure.REMOVED, because=FREE_TEXT
            ),
        },
        plain={
            Plain.KEY: "id",
            Plain.LINK: "organisation_id",
            Plain.PERSON: "leaver_id decided_by",
            Plain.STATE: "state",
        },
        context=("organisation_id", "state"),
        removed_with=("leaver",),
    ),
    Held(
        "register_import",
        what="files that you imported",
        about="people who import, and contacts and head teachers in the files",
        kept="imports",
        owners={"uploader": Owner("uploaded_by")},
        personal={
            "file_name": Personal("name of the file", ("uploader",)),
            "uploaded_at": Personal("when", ("uploader",)),
            "rows": Personal("rows of the file", exported=False, erasure=Erasure.EMPTIED, because=FREE_TEXT),
            "preview": Personal(
                "what the file would change", exported=False, erasure=Erasure.EMPTIED, because=FREE_TEXT
            ),
        },
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "uploaded_by",
            Plain.STATE: "kind la_code state applied_at",
        },
        context=("kind", "state"),
    ),
)
