"""What is held about people in the planner; parents first."""

from typing import Final

from app.core.held.words import Held, Plain, free_text

PLANNED = "written for the partnership about its year; it can name people"

PLANNER: Final = (
    Held(
        "planner_entry",
        what="entries of the partnership's year",
        about="people whom an entry names",
        kept="planner",
        personal={
            "title": free_text("what it is called", PLANNED),
            "note": free_text("what is written about it", PLANNED),
        },
        plain={
            Plain.KEY: "id",
            Plain.PERSON: "made_by",
            Plain.CONTENT: "kind own_kind first_on last_on repeats same_weekday repeats_until from_number "
            "for_agencies",
            Plain.STATE: "edition made_at changed_at",
        },
    ),
    Held(
        "planner_exception",
        what="days of the partnership's year that are different",
        about="nobody",
        kept="planner",
        plain={Plain.LINK: "entry_id replaced_by", Plain.CONTENT: "number"},
    ),
)
