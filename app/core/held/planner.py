"""What is held about people in the planner; parents first."""

from typing import Final

from app.core.held.words import PERSON, Held, Owner, Personal, Plain, free_text

PLANNED = "written for the partnership about its year; it can name people"

PLANNER: Final = (
    Held(
        "planner_entry",
        what="entries that you put into the partnership's year",
        about="people of the partnership, and people whom an entry names",
        kept="planner",
        owners={"person": Owner("made_by")},
        personal={
            "made_at": Personal("when", PERSON),
            "title": free_text("what it is called", PLANNED),
            "note": free_text("what is written about it", PLANNED),
        },
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "made_by",
            Plain.CONTENT: "kind own_kind first_on last_on repeats same_weekday repeats_until from_number "
            "for_agencies",
            Plain.STATE: "edition changed_at",
        },
        context=("id", "first_on"),
    ),
    Held(
        "planner_exception",
        what="days of the partnership's year that are different",
        about="nobody",
        kept="planner",
        plain={Plain.LINK: "entry_id replaced_by", Plain.CONTENT: "number"},
    ),
)
