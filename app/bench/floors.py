"""The floors that are measured in the same run: a page of ten questions, a bare commit."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import psycopg
from jinja2 import Environment, Template
from sqlalchemy.engine import URL

from app.bench.survey import definition

# J: ten questions with three radios and a text area each, in plain Jinja with autoescape and no macros.
_TEN_QUESTIONS: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{ domain.title }}</title></head><body>
<h1>{{ domain.title }}</h1><p>{{ domain.summary }}</p>
<form method="post" action="/returns/{{ number }}/{{ domain.key }}">
{% for question in domain.standards %}
<fieldset class="govuk-fieldset"><legend>{{ question.title }}</legend>
<p>{{ question.text }}</p><p class="govuk-hint">{{ question.help }}</p>
{% for level in scale %}
<div class="govuk-radios__item">
<input class="govuk-radios__input" type="radio" id="{{ question.key }}-{{ level.key }}"
 name="{{ question.key }}" value="{{ level.key }}"
 {% if answers[question.key].level == level.key %}checked{% endif %}>
<label class="govuk-label" for="{{ question.key }}-{{ level.key }}">
{{ level.word }}: {{ level.meaning }}</label>
<div class="govuk-hint">{{ question.descriptors[level.key] }}</div>
</div>
{% endfor %}
<label class="govuk-label" for="{{ question.key }}-comment">How do you know? {{ question.evidence }}</label>
<textarea class="govuk-textarea" id="{{ question.key }}-comment" name="{{ question.key }}.comment" rows="3">
{{ answers[question.key].comment }}</textarea>
</fieldset>
{% endfor %}
<button type="submit" class="govuk-button">Save and continue</button></form></body></html>
"""


@cache
def _template() -> Template:
    return Environment(autoescape=True).from_string(_TEN_QUESTIONS)


@cache
def _context() -> dict[str, Any]:
    whole = definition()
    domain = whole["domains"][0]
    answers = {
        each["key"]: {"level": "green", "comment": "Minutes of the governors' meeting of 4 October"}
        for each in domain["standards"]
    }
    return {"domain": domain, "scale": whole["scale"], "answers": answers, "number": 12}


def page_of_ten_questions() -> str:
    """Render the page whose CPU time is the unit J."""
    return _template().render(**_context())


def j_seconds(renders: int = 300) -> float:
    """Return J: the CPU time of one rendering, as the mean of many."""
    page_of_ten_questions()
    start = time.thread_time()
    for _ in range(renders):
        page_of_ten_questions()
    return (time.thread_time() - start) / renders


class BareCommits:
    """One connection that writes one row and commits, again and again: the database's own pace."""

    _UPSERT: Final = (
        "INSERT INTO bare_commit (place, content) VALUES (%s, %s) "
        "ON CONFLICT (place) DO UPDATE SET content = excluded.content"
    )

    def __init__(self, database: URL) -> None:
        address = database.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(address, prepare_threshold=0)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS bare_commit (place int PRIMARY KEY, content text)"
        )
        self._connection.commit()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def a_second(self, seconds: float) -> float:
        """Return how many commits a second get through, measured for a while."""
        return rate(self._once, seconds)

    def _once(self, number: int) -> None:
        self._connection.execute(self._UPSERT, (number % 600, f"Minutes of the governors' meeting {number}"))
        self._connection.commit()


def rate(once: Callable[[int], None], seconds: float) -> float:
    """Return how often a second something can be done, one after the other."""
    number, start = 0, time.perf_counter()
    end = start + seconds
    while time.perf_counter() < end:
        once(number)
        number += 1
    return number / (time.perf_counter() - start)
