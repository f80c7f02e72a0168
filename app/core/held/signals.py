"""What is held about people in signals: nothing; what is measured are keys, counts and days."""

from typing import Final

from app.core.held.words import Held, Plain

SIGNALS: Final = (
    Held(
        "signal_setting",
        what="which signals are used",
        about="nobody",
        kept="nothing",
        plain={Plain.KEY: "kind", Plain.CONTENT: "switched_on weight fires_from", Plain.STATE: "changed_at"},
    ),
    Held(
        "signal_measure",
        what="what the answers of a signed return measure for signals",
        about="nobody",
        kept="returns",
        plain={
            Plain.LINK: "return_id organisation_id",
            Plain.CONTENT: "measured",
            Plain.STATE: "edition measured_at",
        },
        of_return="return_id",
    ),
)
