"""What people write about groups of children, and about standards that need words of their own."""

from app.demo.topic import Topic

CHILDREN = (
    Topic(
        r"looked-after|private-fostering",
        evidence=(
            "Designated teacher trained in {month}; {few} plans reviewed with the virtual school last term.",
            (
                "We ask at admission who the child lives with. {few} private fostering notifications "
                "since {old}."
            ),
            "Kinship carers have a coffee morning with us every half term.",
        ),
        amber=(
            "We know who is in care. We're less sure about kinship and private fostering.",
            "Plans for previously looked-after {children} exist for most, not all.",
        ),
        red=("Nobody has asked families about private fostering, and the list of children in care is old.",),
        actions=(
            "Ask each family about guardianship at the start of the year and tell the council where we must",
            (
                "Go through the list of looked-after and previously looked-after {children} with the "
                "virtual school"
            ),
        ),
    ),
    Topic(
        r"home-education",
        evidence=(
            (
                "Meeting with parents and the council before any move to home education: {few} last "
                "year, all held."
            ),
            "Leavers' list is checked against the next school each month; nobody is without a destination.",
        ),
        amber=("The meeting is offered, though not always held before the child's last day.",),
        red=("Two {children} left for home education and we only wrote to the council afterwards.",),
        actions=("Hold a meeting with family and council before anyone is taken off the roll",),
    ),
    Topic(
        r"early-years",
        evidence=(
            "Two with paediatric first aid on site at all times; rota in the nursery office.",
            "No phones in the nursery room: a box by the door, checked daily. Reviewed {month}.",
            "Safeguarding and welfare requirements walked through with the early years adviser in {month}.",
        ),
        amber=("First aid is covered, but not when we go on outings in two groups.",),
        red=("Paediatric first aid certificates have run out.",),
        actions=("Book paediatric first aid for three people and put dates in the matrix",),
    ),
    Topic(
        r"mental",
        evidence=(
            "Senior mental health lead trained {month}; self-harm plan on one page, known to form tutors.",
            "Counsellor two days a week, waiting list looked at every Monday by {lead}.",
        ),
        amber=(
            "The self-harm plan is written and not yet known by all tutors.",
            "Support is good once it begins; the wait is {few} weeks.",
        ),
        red=("There is no agreed plan for self-harm.",),
        actions=("Agree the self-harm plan with the school nurse and practise it with all tutors",),
    ),
    Topic(
        r"medical|contacts",
        evidence=(
            "Allergy plans checked in {month}, auto-injectors in date, kitchen briefed.",
            "98% have two emergency contacts; the office rings round every September.",
            "Medical plans in a red folder in each room, photos on the kitchen hatch, last check {month}.",
        ),
        amber=("Most families gave two numbers; {few} did not and were not asked again.",),
        red=("Medical plans have not been reviewed since {old}.",),
        actions=(
            "Ring the families with one contact or none, and check all plans against the kitchen's list",
        ),
    ),
    Topic(
        r"send-and|lgbt",
        evidence=(
            "{lead_name} and the SENCO meet weekly; communication boards in every room since {month}.",
            "Intimate care plans signed by parents, sampled in {month}.",
            (
                "Policy followed case by case, parents involved, decisions written down. Legal advice "
                "taken once."
            ),
        ),
        amber=(
            "Staff know the children well; the added risk is not always in the plan.",
            "We follow the guidance but haven't trained lunchtime staff on it.",
        ),
        red=("Some {children} with communication needs have no way to tell us on their own.",),
        actions=(
            "Give each child who needs it a way to say 'no' and 'tell', and train all who are with them",
        ),
    ),
    Topic(
        r"alternative|placed",
        evidence=(
            (
                "{few} placements. Written assurance of staff checks, site addresses, visits each half "
                "term ({month})."
            ),
            "We ring the provider daily about attendance and review each placement every six weeks.",
        ),
        amber=("Visits happen, but the second site of one provider has not been seen.",),
        red=("We could not name the sites that our {children} attend on Fridays.",),
        actions=("Visit each site before the end of term and get the list of staff checks in writing",),
    ),
    Topic(
        r"work-experience|host-families|boarding",
        evidence=(
            "Each placement visited or rung beforehand; form signed by employer, family and us ({month}).",
            "Checks on hosts are kept by the exchange co-ordinator; last exchange {month}, no concerns.",
            "Boarders' survey {month}: {pct}% know an adult outside the house whom they could tell.",
        ),
        amber=("Regular employers are checked, those that families find themselves only by phone.",),
        red=("Nobody checked the placements last summer.",),
        actions=("Use one form for each placement or host, and keep them in one place",),
    ),
    Topic(
        r"outside-staff",
        evidence=(
            "Agency workers show ID at reception and their letter of assurance is filed before they start.",
            "Coaches and peripatetic tutors are on the central record; sampled {few} in {month}.",
        ),
        amber=("Assurance letters are there for supply staff; those for sports coaches are incomplete.",),
        red=("Contractors walk in with a wave. Nobody looks at ID.",),
        actions=("Ask every agency for its letter again and turn away those without one",),
    ),
    Topic(
        r"record-audit",
        evidence=(
            (
                "Sample of {few} files read by the deputy of a neighbouring school in {month}; findings"
                " on one page."
            ),
            "Link member of {board} and {lead} looked at chronologies together, names covered up ({month}).",
        ),
        amber=("Records are checked, but by the person who wrote them.",),
        red=("Nobody but the author has looked at a record since {old}.",),
        actions=("Swap record checks with a partner school twice a year",),
    ),
    Topic(
        r"absence|was-not-brought",
        evidence=(
            (
                "First-day calls by 9.30, home visit on day three. Persistent absence is {few}% down on"
                " last year."
            ),
            "Missed appointments are followed up within two days under our 'was not brought' procedure.",
            "Attendance meeting every Thursday with {lead}; each child below 85% has a plan.",
        ),
        amber=("We follow absence closely, though the link to safeguarding concerns is not always made.",),
        red=("Some absences were not followed up for a week.",),
        actions=("Bring attendance and safeguarding lists together each week and note who does what",),
    ),
    Topic(
        r"encompass",
        evidence=(
            (
                "Encompass calls come to a mailbox that three people read by 8.30; {few} last term, "
                "each one logged."
            ),
            (
                "Each call is followed by a quiet check-in with the child the same morning. Log sampled"
                " in {month}."
            ),
        ),
        amber=(
            "Notifications arrive, yet what we did is only noted for some.",
            "One person reads the mailbox and it's missed when she is away.",
        ),
        red=("We get no notifications and have not asked why.",),
        actions=("Give three people access to the mailbox and log what was done for each child",),
    ),
    Topic(
        r"social-worker",
        evidence=(
            "{few} {children} have a social worker; progress and absence are on {lead}'s half-termly list.",
            "Since {month} their tutors know, and none was suspended this year.",
        ),
        amber=("We track absence for them, attainment not yet.",),
        red=("We don't know how {children} with a social worker are doing as a group.",),
        actions=("Add attainment and exclusions of {children} with a social worker to the half-termly list",),
    ),
    Topic(
        r"safeguarding-curriculum",
        evidence=(
            "Whole-school plan for RSHE and online safety, reviewed with parents in {month}.",
            "Year 6 workshop on consent and images; {pct}% could say afterwards what to do.",
        ),
        amber=("Lessons are planned; tutors teach them with very different confidence.",),
        red=("The plan still follows the old guidance.",),
        actions=("Rewrite the plan to the new guidance and team-teach the hard lessons",),
    ),
    Topic(
        r"parents-informed",
        evidence=(
            "Termly safeguarding page for parents, in four languages; {pct}% of replies were positive.",
            "Parents' forum in {month} chose the topic of the online safety evening: full house.",
        ),
        amber=("Parents get a newsletter, which is mostly one-way.",),
        red=("The page for parents names people who have left.",),
        actions=("Ask parents twice a year what they would like to know, and publish the answers",),
    ),
    Topic(
        r"fgm|prevent",
        evidence=(
            "Prevent risk assessment dated {month}, actions on one page, {n} of {m} staff trained.",
            "Teachers know their own duty to report FGM; a scenario was used in the briefing in {month}.",
            "{few} Channel conversations, one referral. Feedback received.",
        ),
        amber=("The risk assessment is the template; it does not mention our own area yet.",),
        red=("There is no Prevent risk assessment.",),
        actions=("Write our own risk assessment with the Prevent officer and share it with all staff",),
    ),
)
