"""What people write about working with children, staff and partners."""

from app.demo.topic import Topic

WORKING = (
    Topic(
        r"recruit|central-record|pre-employment|shortlist|interview",
        evidence=(
            "Single record checked by {board} in {month}: 100% complete, one date corrected on the day.",
            "{few} personnel files audited in {month}; two references were missing and have been obtained.",
            "Every panel had somebody with safer recruitment training. Certificates in the HR folder.",
            "Online searches are mentioned in the advert and done by HR after shortlisting.",
        ),
        amber=(
            "Gaps in employment are asked about at interview but the answers aren't written down.",
            "Volunteers and governors are on the record; overseas checks for two people are still awaited.",
            "Files from before {old} are not complete.",
        ),
        red=("The record has gaps and nobody has checked it this year.",),
        actions=(
            "Complete the record, then have it checked termly by someone who doesn't keep it",
            "Train two more people for interview panels",
            "Audit a tenth of personnel files each term",
        ),
    ),
    Topic(
        r"train|induction",
        evidence=(
            "{n} of {m} staff are up to date. Names of the rest go to {boss} every Friday until done.",
            "Induction checklist signed before anyone works alone; sampled {few} in {month}, all there.",
            "Level 3 for {lead} and both deputies, dates in the matrix: {month}.",
            "Short scenario at each Monday briefing; the list of topics covers the year.",
        ),
        amber=(
            "Permanent staff are trained. Lunchtime staff, cleaners & volunteers less so.",
            "Compliance is {pct}%, below our own target of 95%.",
        ),
        red=("Training records were lost with the old system and have not been rebuilt.",),
        actions=(
            "Rebuild the training matrix and train everyone who is out of date",
            "Run two catch-up sessions at times that part-time staff can come to",
        ),
    ),
    Topic(
        r"record|file-transfer|transfer",
        evidence=(
            "Sample of {few} files in {month}: chronologies complete, decisions and reasons in all but one.",
            (
                "Concerns are logged on the electronic system the same day; paper files are locked away"
                " separately."
            ),
            "Files of leavers went by secure transfer within five days, receipts kept for {few} of {few}.",
            "{lead_name} rings the next school before a child moves whenever there's a plan.",
        ),
        amber=(
            "Entries are prompt, but the reasons for decisions are often missing.",
            "Two files were sent late after the summer, and one receipt never came.",
            "Chronologies are good for open cases and patchy for closed ones.",
        ),
        red=("Some concerns are still in notebooks and emails.",),
        actions=(
            "Move all notes into the system and give staff 30 minutes' training on what to write",
            "Check receipts for transferred files on 1 October and chase what is missing",
        ),
    ),
    Topic(
        r"threshold|referral-quality",
        evidence=(
            "Asked {few} staff at random in {month} how to refer: all knew, out-of-hours number included.",
            "Numbers are on the back of every badge and in each office.",
            "The threshold document was the subject of training in {month}; quiz results kept.",
        ),
        amber=(
            "Most know to go to {lead}; not everyone knows they can refer themselves.",
            "New starters and night staff were less sure about the out-of-hours route.",
        ),
        red=("In our spot check three of five people did not know how to refer.",),
        actions=(
            "Brief all teams on thresholds and print the numbers on badges",
            "Repeat the spot check with ten people each term",
        ),
    ),
    Topic(
        r"information-sharing|sharing",
        evidence=(
            "Sharing agreement reviewed {month}. One-page guide 'share first, ask later' is on each desk.",
            "Audit of {few} cases: information went on the same day in all but one.",
        ),
        amber=(
            'Staff still say "we need consent" when they don\'t.',
            "The agreement is signed, but it's from {old} and the new duty is not in it.",
        ),
        red=("There is no agreement and requests are answered case by case.",),
        actions=(
            "Add the new duty to the sharing agreement and train all team managers on it",
            "Look at five refusals to share each quarter",
        ),
    ),
    Topic(
        r"escalat|challenge|disagree|front-line",
        evidence=(
            "Used the escalation procedure {few} times; one went to stage 3 and the decision was changed.",
            "Leaders shadow a shift each quarter. Notes and what changed are shared with staff ({month}).",
            "We asked a neighbouring service to challenge us in {month} and published what they said.",
        ),
        amber=(
            "People phone round until it's sorted, so nothing is recorded as an escalation.",
            "Visits by leaders happen, though nobody writes down what they heard.",
        ),
        red=("Hardly anyone knew that there's a procedure.",),
        actions=(
            "Log every disagreement with another agency, even those that were settled by phone",
            "Put the escalation procedure into induction and the handbook",
        ),
    ),
    Topic(
        r"early-help|conference|protection-meeting|joint-teams|local-priorities",
        evidence=(
            "{few} early help plans open, we lead on {few} of them.",
            "Attendance at conferences {pct}%; reports sent two days ahead, parents see them first.",
            "The local priorities (neglect, exploitation) are in our plan for this year, page 4.",
            "Two of our staff sit in the multi-agency team from {month}.",
        ),
        amber=(
            "Reports go in, but late for about a third of conferences.",
            "We contribute to early help; hardly anyone has the confidence to take the lead.",
        ),
        red=("We missed most core groups last term because there was no cover.",),
        actions=(
            "Agree cover so that each conference has a report two days before and somebody there",
            "Train four lead practitioners for early help",
        ),
    ),
    Topic(
        r"harm-outside|exploit|child-on-child",
        evidence=(
            "Talks on county lines with the police in {month}; two disclosures followed and were acted on.",
            "We record child-on-child incidents by type and place, and look at the map each half term.",
            (
                "Case study of a boy at risk of criminal exploitation used in training, with his mum's "
                "agreement."
            ),
        ),
        amber=("Incidents are dealt with, but recorded under 'behaviour', so patterns are hard to see.",),
        red=("We have not looked at where and when harm happens.",),
        actions=(
            "Map incidents by place and time, and look at the map with police and youth service each term",
            "Record harmful behaviour between {children} under its own heading and report it termly",
        ),
    ),
    Topic(
        r"domestic",
        evidence=(
            "Routine enquiry about domestic abuse is in our assessment form since {old}.",
            "We sit on MARAC; {pct}% of actions were done on time.",
            "{n} of {m} staff have been through the domestic abuse course, which survivors helped to write.",
        ),
        amber=(
            "Staff ask, but what children saw and heard is not always written down.",
            "One person goes to MARAC and we're not represented when she is away.",
        ),
        red=("We take no part in MARAC and have no pathway.",),
        actions=(
            "Name a deputy for MARAC and report on actions each quarter",
            "Add a question about children to the form that staff use for adults",
        ),
    ),
    Topic(
        r"think-family|greater-risk|hidden",
        evidence=(
            "Register of vulnerable {children} reviewed each Monday by {lead} & two colleagues.",
            "{few} young carers identified, each with a named adult. Café-style drop-in on Thursdays.",
            (
                "Parents' mental health & substance use are asked about on the first visit; audit "
                "{month}: {pct}%."
            ),
        ),
        amber=("Adult-facing teams ask about children, but the answer isn't always in the record.",),
        red=("Nobody has an overview of which {children} are most at risk.",),
        actions=(
            "Keep one list of {children} at greater risk and go through it every week",
            "Ask each family about caring at the start of the year, and tell them why we ask",
        ),
    ),
    Topic(
        r"allegation|low-level|conduct",
        evidence=(
            "{few} contacts with the LADO, all on the same or the next working day. Log kept by {boss}.",
            (
                "Low-level concerns form is on the staff intranet; {few} in the last year, themes "
                "discussed each term."
            ),
            "Code of conduct signed by all, volunteers included ({month}).",
        ),
        amber=(
            "Staff know about allegations; 'low-level concern' is still a new idea for some.",
            "One allegation went to the LADO after three days instead of one.",
        ),
        red=("There's no record of low-level concerns at all.",),
        actions=(
            "Run a 20-minute session on low-level concerns with three examples, then ask for questions",
            "Put the one-day rule and the LADO's number on the first page of the policy",
        ),
    ),
    Topic(
        r"filter|online|phone|image",
        evidence=(
            "Filtering test on all devices in {month} with a checklist; blocks go to {lead} daily.",
            "Phones are handed in at registration. Parents' evening on AI images was full.",
            "Staff use work phones only; photo consent list checked before each event.",
        ),
        amber=(
            "The filter is tested for {place} computers, not for tablets that go home.",
            "Alerts come in, but nobody reads them in the holidays.",
        ),
        red=("The system has not been reviewed since {old}.",),
        actions=(
            "Test the filter on every kind of device and note date, person and result",
            "Agree who reads alerts in the holidays",
        ),
    ),
    Topic(
        r"voice|heard|families-",
        evidence=(
            "Survey in {month}: {pct}% of {children} can name someone they would tell.",
            "You said / we did board in the corridor; the toilets were changed because of it.",
            "Young inspectors visited in {month} and gave us three stars & two wishes.",
            "Ten-year-olds helped to rewrite the anti-bullying leaflet. It's shorter than ours was.",
            "{Children} who use our service chose the new advocate with us.",
        ),
        amber=(
            "The council of {children} meets, but quieter ones, and those with SEND, are not heard as much.",
            "We ask; we do not often tell them what changed.",
        ),
        red=("{Children} were last asked in {old}.",),
        actions=(
            "Ask {children} in small groups, by age and need, and publish what we did",
            "Work with the advocacy service on a complaints leaflet that a ten-year-old can use",
        ),
    ),
    Topic(
        r"equal",
        evidence=(
            "Equality objectives reviewed {month}. Data on prejudice incidents goes to {board}.",
            "Interpreter used in {few} cases; no child interprets for parents any more.",
        ),
        amber=(
            "The policy is good. In case notes we seldom see how identity was thought about.",
            "We haven't yet compared who gets early help by ethnicity.",
        ),
        red=("We've no data by ethnicity or disability.",),
        actions=(
            "Sample ten case notes for how identity and communication were considered",
            "Report incidents by group to {board} twice a year",
        ),
    ),
    Topic(
        r"supervis|force|support",
        evidence=(
            "Supervision every six weeks for all who hold cases: {pct}% took place last year.",
            "Each use of force is recorded and parents told the same day; {few} last year, all reviewed.",
            "{lead_name} has monthly supervision from outside.",
        ),
        amber=(
            "Supervision is planned, and cancelled when we are short of staff.",
            "The book is kept, but nobody looks for patterns.",
        ),
        red=("There's no supervision beyond a chat in the corridor.",),
        actions=(
            "Buy in supervision from outside, six times a year, dates fixed in September",
            "Look at all incidents each term with somebody who wasn't there",
        ),
    ),
)
