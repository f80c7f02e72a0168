"""What people write about leading, checking and buying: sentences in the words of schools and agencies."""

from app.demo.topic import Topic

LEADING = (
    Topic(
        r"governors-trained|board-training",
        evidence=(
            "{Board} had its training on 1 {month}; the register of who came is with the clerk.",
            (
                "All but one of {board} have done the online course. The certificate dates are in our "
                "training matrix."
            ),
            (
                "Induction pack for new members revised in {month}, with a section on safeguarding and "
                "a short quiz."
            ),
        ),
        amber=(
            "Two who joined in the spring have not had induction yet.",
            "Training was done but we did not keep a list of who attended, so we can't show it.",
        ),
        red=("Nobody could tell us when {board} last had safeguarding training.",),
        actions=(
            "Book the partnership's evening course for all members of {board} who have not had training",
            "Keep one training record for {board} and check it each term",
        ),
    ),
    Topic(
        r"board(?!ing)|govern|accountab|risk-register|oversight|return-shared|partnership-leadership",
        evidence=(
            (
                "Annual safeguarding report went to {board} on 12 {month}, minute 7.2. Three questions "
                "were asked and followed up."
            ),
            (
                "Structure chart on the intranet (reviewed {month}) shows who answers to whom, "
                "contracted work included."
            ),
            "{Board}'s link visit in {month}: notes on file, two recommendations, both done.",
            "Safeguarding is item 3 on every agenda. See minutes {month}.",
            "The risk register has an entry with an owner, a score and a date; last looked at in {month}.",
            (
                "Attendance at partnership meetings last year: {few} of {few} or so. Actions kept on "
                "our tracker."
            ),
        ),
        amber=(
            "{Board} gets numbers but the minutes show hardly any challenge.",
            "The link visit planned for the summer did not happen because of the vacancy.",
            "It is on the risk register but the entry hasn't been looked at since {old}.",
        ),
        red=("There has been no safeguarding report to {board} in the last 12 months.",),
        actions=(
            "Put an annual safeguarding report on the forward plan of {board} and record the questions asked",
            "Agree two link visits a year, each with a written note and a follow-up",
            "Review the structure chart and send it to all staff",
        ),
    ),
    Topic(
        r"senior-lead|dsl-senior|dsl-cover|dsl-support|designated-practitioner|dsl-job",
        evidence=(
            (
                "{lead_name} is a member of the senior team; job description signed {month}, one and a "
                "half days a week protected."
            ),
            "Rota for cover is on the staff room wall and on the first page of the handbook.",
            (
                "Two deputies trained to the same level. During holidays there is a mobile number that "
                "is always answered."
            ),
            "Time for the role was raised from half a day to {few} hours a week after last year's return.",
        ),
        amber=(
            "{lead_name} has a full-time job beside this & no protected time in writing.",
            "Cover works on most days, but trips and after-school clubs are not in the rota.",
        ),
        red=("The post has been vacant since {month} and cover is informal.",),
        actions=(
            "Write the role, its time and its budget into the job description and have it signed",
            "Train a second deputy and publish a rota that covers clubs, trips and holidays",
        ),
    ),
    Topic(
        r"polic|current-guidance",
        evidence=(
            "Policy approved by {board} in {month}, published on our website, next review in 12 months.",
            "All staff signed to say they have read it: {n} of {m}. The rest are on long-term leave.",
            "We checked our policy against the partnership's model line by line in {month}.",
            "List of related policies with review dates is kept by the office and looked at each half term.",
        ),
        amber=(
            "The policy is in date, but the version on the website is last year's.",
            "Some related policies (behaviour, visitors) still name the person who had the role before.",
            "We adopted the model policy but have not put our own details in every section.",
        ),
        red=("The policy is out of date: it was last approved in {old}.",),
        actions=(
            (
                "Bring the policy into line with the current guidance, approve it and replace the copy "
                "on the website"
            ),
            "Make one table of all related policies with owner and review date",
        ),
    ),
    Topic(
        r"whistle|speaking-up|staff-voice|emotional|workload|dsl-support",
        evidence=(
            "Staff survey {month}: {pct}% say they would feel safe to raise a concern about a colleague.",
            (
                "Whistleblowing poster with the national helpline in every staff area; used {few} times"
                " since {old}."
            ),
            "We hold reflective sessions every six weeks with someone from outside; take-up is good.",
            (
                "Vacancies and sickness are in the monthly dashboard, with a line on what this means "
                "for children."
            ),
        ),
        amber=(
            "Only {pct}% of staff answered the survey, so we don't know what the others think.",
            "People know about the policy but two said they wouldn't be sure it is safe to use.",
            "Workload is talked about in one-to-ones; nobody brings it together.",
        ),
        red=("We have not asked our staff.",),
        actions=(
            "Run a short staff survey each autumn and tell staff what was done with it",
            "Offer a reflective session each half term to everyone who handles disclosures",
        ),
    ),
    Topic(
        r"change|budget|effect-on",
        evidence=(
            "Impact form used for {few} proposals since {old}; two were altered because of it.",
            (
                "Before we moved to the new site we did a safeguarding check with the staff who work "
                "there ({month})."
            ),
            (
                "Budget papers now have a box on children's safety. Example: the cut to evening "
                "sessions was reversed."
            ),
        ),
        amber=(
            "We do assess the effect of big changes, but not of smaller savings.",
            "The form exists; last year it was filled in after the decision, not before it.",
        ),
        red=("The restructure of {month} was not looked at for its effect on children.",),
        actions=(
            "Use the impact form for each proposal above the threshold, before it is decided",
            "Add a check of past changes to the yearly plan: what happened to children after all?",
        ),
    ),
    Topic(
        r"numbers|pattern|referrals|differences",
        evidence=(
            "Termly dashboard: contacts, referrals, outcomes and time taken. The last one is from {month}.",
            (
                "We looked at bullying, suspensions and part-time timetables by group in {month}; one "
                "pattern was found and acted on."
            ),
            (
                "{few} referrals last year, {few} led to an assessment; each one that did not was "
                "talked through."
            ),
        ),
        amber=(
            "We collect figures but do not yet compare groups of {children}.",
            "Reasons for no further action are known for some referrals, not all.",
            "The dashboard is produced; it's rarely discussed.",
        ),
        red=("We could not say how many referrals we made.",),
        actions=(
            "Build a one-page dashboard and discuss it every half term",
            "Ask for the outcome of each referral within ten days and write it down",
        ),
    ),
    Topic(
        r"audit|learning|complaint|checked|actions-closed|last-actions|review",
        evidence=(
            (
                "Audit of {few} records by a neighbouring lead in {month}; the re-audit in the summer "
                "showed a change."
            ),
            "Learning from the local review on neglect was the topic of the staff meeting on 9 {month}.",
            (
                "All {few} actions of last year's return are closed except one, which is waiting for "
                "the builders."
            ),
            "Complaints log themed each term by {lead}: {few} had a safeguarding element.",
            "Quiz after the briefing: {pct}% right answers, then repeated in {month}.",
        ),
        amber=(
            "We audit, but always the same people audit their own work.",
            "Briefings on reviews are sent round by email; we haven't tested whether anything changed.",
            "Half of last year's actions slipped because {lead} was off for a term.",
        ),
        red=("No audit has been done since {old}.",),
        actions=(
            "Swap record audits with a partner {place} twice a year",
            "Take each open action from last year to the next meeting of {board} and close or re-date it",
            "Test the learning from the last review with five staff chosen at random",
        ),
    ),
    Topic(
        r"contract|provider",
        evidence=(
            "All {few} contracts have the clause. Checked by procurement in {month}.",
            (
                "Written assurance of staff checks for each provider, addresses of all sites, visit "
                "notes from {month}."
            ),
            "One provider was given notice after concerns; we told the partnership the same day.",
        ),
        amber=(
            "The big contracts have safeguarding terms, small grants under £5,000 don't.",
            "We visit providers at the start but not always again.",
        ),
        red=("We do not know whether the sub-contractor's staff have been checked.",),
        actions=(
            "Get written assurance from every provider and visit each one before the end of term",
            "Add safeguarding terms to grants and leases when they are renewed, the largest first",
        ),
    ),
    Topic(
        r"letting|premises|visitor|clubs|site-and|hire",
        evidence=(
            "Lettings agreement has safeguarding terms since {old}; {few} hirers have signed it.",
            "Visitors sign in on a tablet, are given a leaflet and a red lanyard, and are never left alone.",
            (
                "Lockdown drill on 3 {month}. It took four minutes; the bell could not be heard in the "
                "annexe, now mended."
            ),
            (
                "The breakfast club is ours and follows the same policy. The holiday club sends us its "
                "checks each year."
            ),
        ),
        amber=(
            "Regular hirers have signed the new terms, occasional ones haven't.",
            "There's a side gate that is open at drop-off and nobody is posted there.",
        ),
        red=("Community groups use the hall on an old agreement without any safeguarding terms.",),
        actions=(
            "Have every hirer sign the new terms or end the letting",
            "Walk the site with the caretaker, list the gaps, mend the gate",
        ),
    ),
)
