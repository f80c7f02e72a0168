"""The demo's questionnaires are those that come with Eleven, and its people write like people."""

from collections import Counter

import pytest
import yaml
from sqlalchemy import Engine

from app.demo.phrases import sentences
from app.demo.versions import SECTION_11, SECTION_175, definition, version_before
from app.questionnaires.checker import check_text
from app.questionnaires.definition import content_hash
from tests.demo.looking import Answers, fetch


@pytest.mark.parametrize("key", [SECTION_11, SECTION_175])
def test_this_years_version_is_the_file_and_last_years_is_sound(demo: Engine, key: str) -> None:
    content = definition(key)
    before = version_before(content)
    published = fetch(
        demo, "SELECT version, content_hash FROM questionnaire_version WHERE key = :key ORDER BY 1", key=key
    )
    assert published == [(1, content_hash(before)), (2, content_hash(content))]
    assert check_text(yaml.safe_dump(before, sort_keys=False, allow_unicode=True), f"{key}.yaml") == []


def test_there_are_many_different_sentences() -> None:
    assert len(sentences()) == len(set(sentences())) > 150


def test_people_typed_what_people_type(demo: Engine, answers: Answers) -> None:
    texts = Counter(
        written
        for given in answers.values()
        for values in given.values()
        for written in (values.comment, values.evidence)
        if written
    )
    assert "=1+1" in texts
    assert any("<b>" in written for written in texts)
    assert any("\n" in written for written in texts)
    assert any("é" in written for written in texts)
    assert max(len(written) for written in texts) > 1_000
    assert not any("{" in written for written in texts)
    greens = fetch(demo, "SELECT evidence = '', count(*) FROM answer WHERE level = 'green' GROUP BY 1")
    bare = dict(greens)[True] / sum(count for _, count in greens)
    assert 0.1 < bare < 0.22
