"""What people write whatever the standard: general remarks, odd habits of typing, reasons, risks, calls."""

from functools import cache

from app.demo.topic import Topic
from app.demo.topics_children import CHILDREN
from app.demo.topics_leading import LEADING
from app.demo.topics_working import WORKING

GENERAL = Topic(
    r"",
    evidence=(
        "Checked by {lead} in {month}; note in the safeguarding folder.",
        "Discussed at the senior team meeting in {month}, action log row {few}.",
        "Reviewed in {month} with two colleagues and compared with the descriptors.",
    ),
    amber=("In place, but not checked since {old}.", "Works well in most places; the rest is catching up."),
    red=("We looked for it and could not find it.",),
    actions=("Agree who does this, write it down, and check it in three months",),
)

# The specific topics come first where two could fit: "training of governors" is about governors.
_ALL = (*CHILDREN, *LEADING[:1], *WORKING[:2], *LEADING[1:5], *WORKING[2:], *LEADING[5:])
TOPICS = (*CHILDREN, *LEADING, *WORKING)

TERSE = (
    "Yes",
    "In place",
    "ok",
    "See above",
    "As last year",
    "Done",
    "Policy",
    "n/a really",
    "👍",
    "see SharePoint",
)

REMARKS = (
    "We are a small team and everybody knows everybody, which helps and sometimes doesn't.",
    "Better than last year.",
    "This is a strength: happy to show others how we do it.",
    "We'd welcome a visit.",
    "The descriptor for green asks for more than the guidance does, in our view.",
    "Hard to answer for a {place} like ours.",
    "Our {month} inspection said the same.",
    "We talked about this one for a long time and settled on the lower level.",
    "The change of system in {month} slowed us down.",
    "Much improved since {lead_name} took over.",
    "Same answer as in the other audit that we had to do in {month} – could the two be joined up?",
    "Please note that we share this with our neighbours in the federation.",
)

LISTS = (
    "What we do:\n- weekly meeting on Mondays\n- log kept by {lead}\n- termly report to {board}",
    "Evidence:\n• minutes {month}\n• audit {month}\n• survey ({pct}% agreed)\n• “you said, we did” poster",
    "1. Policy ({month})\n2. Training record, {n} of {m}\n3. Sample check by {boss}\n\nGaps: see action.",
)

LONG = (
    (
        "When {lead_name} took this on in {old} there was very little written down. We began with a "
        "list of everything that we thought we did, asked staff in each team whether it was true, and "
        "found that about a third of it was not. Since then we have worked through that list: the "
        "procedure was rewritten with the people who use it, it was tried out in two teams, changed, "
        "and then adopted by {board} in {month}. {n} of {m} staff have been through the training, which"
        " uses three examples of our own (anonymised, of course) rather than slides. We sample ten "
        "cases each term; the last sample showed eight that were right, one that was late and one where"
        " the reason for the decision had not been written down. Both were put right and talked through"
        " in supervision. {Children} were asked too: they said that they mostly knew whom to tell, but "
        "that they didn't always hear what happened next. That is the part that we still need to get "
        "better at, and it's why we stopped to think before choosing this level."
    ),
)

ODD = (
    "<b>Important</b>: see our policy & the flowchart on page 3 <here>.",
    "=1+1",
    "@all staff have signed; list with the office",
    "Zoë & Renée lead on this – café drop-in, naïve questions welcome; cost < £500",
    "The children's own words: \"you're not rubbish at listening any more\"",
    "-- see attached --",
    "Tab\tseparated\tnotes pasted from a table",
)

PASTED = (
    "We follow the policy of the partnership and all staff are aware of their responsibilities. This is "
    "reviewed regularly and monitored by the senior leadership team."
)

NOT_APPLICABLE = (
    (r"alternative", "No {child} of ours attends alternative provision, and none has in the last two years."),
    (r"letting|premises|hire", "We do not let our premises, and nobody else uses them."),
    (r"oversight", "We are not part of a trust, federation or group."),
    (r"host|exchange", "We do not arrange host families or exchanges."),
    (r"clubs", "There are no clubs before or after {place} on our site."),
    (r"work-experience", "Our {children} are too young for placements."),
    (r"looked-after", "We have no looked-after or previously looked-after {children} at present."),
    (r"contract|provider|subcontract", "We hold no contracts and give no grants for work with children."),
    (r"was-not-brought", "We do not offer appointments to children."),
    (r"placed", "We place no children outside the area."),
    (r"prevent", "We are not a specified authority under the Prevent duty."),
    (r"meeting|joint|early-help", "We are not called to these meetings; we contribute in writing if asked."),
    (r"domestic", "We have no part in MARAC or in the police notifications."),
    (r"", "This does not apply to the work that we do."),
)

RISKS = (
    "Not enough time for {lead} since the pastoral team was cut",
    "Online harm, above all AI-made images that {children} share",
    "Long waits for mental health support",
    "Criminal exploitation along the coast line",
    "Persistent absence of a small group whom we do not see",
    "Staff turnover: {few} new people since {old}",
    "Neglect that builds up slowly and is not noticed",
    "Vaping and cannabis on the way to and from {place}",
    "Domestic abuse at home that we only hear of weeks later",
    "Families who move between districts and whose records follow too late",
    "Agency workers who don't know our procedures",
    "{Children} who are educated at home at short notice",
)
MEASURES = (
    "weekly review by {lead}, reported to {board} each term",
    "joint work with police and youth service; first results in {month}",
    "two training sessions & a spot check",
    "we've asked for help from the partnership's early help team",
    "new post advertised, cover until then",
    "parents' evening, then a survey",
)

STRENGTH = "Strength to share: other {kind_plural} have visited us to see this."

_SENT_BACK_SCHOOLS = (
    (
        "The commissioning domain has green for alternative provision but the comment says that visits "
        "have not taken place. Please look at it again."
    ),
    "Three standards have the same pasted text. Please say how you know in each case.",
    "The number trained is higher than what you told us in the staffing return. Please check both numbers.",
    (
        "You told us by telephone that the deputy has left. Please correct the answers on cover before "
        "signing again."
    ),
    "“Last year's actions closed” is green, but two of last year's actions are open on our list.",
    "Please add who will do the action on filtering and by when: “IT” is too vague for the board.",
)
_SENT_BACK_AGENCIES = (
    (
        "“Checks on providers” is green, but the comment says that two providers have not been visited."
        " Please look again."
    ),
    "The answers on supervision describe one team only. Please say how it is in the others.",
)
# By whether the organisation is an agency.
SENT_BACK = {False: _SENT_BACK_SCHOOLS, True: _SENT_BACK_AGENCIES}

CALL_NOTES = {
    "spoke": (
        "Spoke to the office manager, lead is off sick until after half term. Will ask the deputy to start.",
        "Head will do it this week. Asked for the link again: sent.",
        "They thought last year's return counted for two years. Explained.",
        "Wants two more weeks because of an inspection. Agreed.",
        "Has started on paper, will type it in by Friday.",
        "Polite, but said it is the fourth audit this term.",
    ),
    "message": (
        "Left a message with reception.",
        "Voicemail of the lead. Gave our number.",
        "Spoke to reception, they will pass it on to the head's PA.",
    ),
    "no_answer": ("Rang out.", "Engaged twice.", "No answer, school closed for training day."),
    "wrong_number": ("Number belongs to the kitchen. Right one is on their website.",),
}


@cache
def fitting(standard_key: str, title: str, sentences: tuple[str, ...]) -> tuple[str, ...]:
    """Return sentences to draw from for a standard: those that share a word with it stand in four times."""
    stems = {
        word[:5] for word in f"{standard_key.replace('-', ' ')} {title}".lower().split() if len(word) > 4
    }
    return tuple(
        sentence
        for sentence in sentences
        for _ in range(4 if any(stem in sentence.lower() for stem in stems) else 1)
    )


@cache
def topic_of(standard_key: str) -> Topic:
    """Return the topic of a standard: the first whose pattern fits its key, else general remarks."""
    return next((topic for topic in _ALL if topic.fits(standard_key)), GENERAL)


def sentences() -> tuple[str, ...]:
    """Return every sentence that answers are made of."""
    written = [
        sentence
        for topic in (*TOPICS, GENERAL)
        for group in (topic.evidence, topic.amber, topic.red, topic.actions)
        for sentence in group
    ]
    several = (TERSE, REMARKS, LISTS, LONG, ODD, RISKS, MEASURES, _SENT_BACK_SCHOOLS, _SENT_BACK_AGENCIES)
    reasons = tuple(reason for _, reason in NOT_APPLICABLE)
    return (*written, PASTED, STRENGTH, *reasons, *(sentence for group in several for sentence in group))
