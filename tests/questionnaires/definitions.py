"""A definition in which nothing is wrong, and the ways to spoil it."""

from app.questionnaires.checker import Problem, check_text

GOOD = """\
key: section-11
title: Section 11 self-assessment
school_year: 2026 to 2027
statutory_basis: Children Act 2004, section 11
guidance_edition: Working Together 2023
audience:
  duties: [section_11]
introduction: >-
  For the {governing body}.

  {Governing body} members read it.
wording:
  governing body:
    default: governing body
    academy: board of trustees
scale:
  - {key: red, letter: R, word: Red, meaning: Not in place, points: 0, rag: red}
  - {key: amber, letter: A, word: Amber, meaning: Partly in place, points: 1, rag: amber}
  - {key: green, letter: G, word: Green, meaning: In place, points: 2, rag: green}
rating_rule: {answered_percent: 80, red_below_percent: 50, green_from_percent: 85}
domains:
  - key: leadership
    title: Leadership
    summary: Who leads.
    standards:
      - key: senior-lead
        title: Senior lead
        text: A senior leader is responsible.
        help: >-
          The leader tells the
          {governing body} what is done.
        critical: true
        applies_to:
          kinds: [housing, police]
          phases: [primary]
          features: [boarding]
        descriptors:
          red: There is no lead.
          amber: There is a lead without time.
          green: There is a lead with time.
      - key: staff-trained
        title: Staff trained
        type: number_of_number
        text: How many staff are trained?
        labels: [Number trained, Number employed]
closing:
  - key: confidence
    title: How sure we are
    type: choice
    text: How sure are you?
    choices: [Very sure, Not sure]
"""


def line_of(text: str, marker: str) -> int:
    """Return the number of the line on which a marker stands first."""
    return text.count("\n", 0, text.index(marker)) + 1


def changed(old: str, new: str, text: str = GOOD) -> str:
    """Return a definition with one place changed, which must be there."""
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def only_problem(text: str) -> Problem:
    """Return the one problem that a text has."""
    problems = check_text(text, "test.yaml")
    assert len(problems) == 1, [str(each) for each in problems]
    return problems[0]
