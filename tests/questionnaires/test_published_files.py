"""The questionnaires that come with the product: no mistakes, the right size, the six domains."""

from pathlib import Path

import pytest

from app.organisations.rules import GOVERNANCE, KINDS, PHASES
from app.questionnaires.checker import check_file, load_file
from app.questionnaires.definition import OrganisationFacts, Questionnaire, from_content
from app.questionnaires.rules import routed

FOLDER = Path(__file__).resolve().parents[2] / "questionnaires"
FILES = sorted(FOLDER.glob("*.yaml"))
LEAST_RATED = {"section-11": 45, "section-175": 50}
SIX_DOMAINS = [
    ("leadership-and-governance", "Leadership and governance"),
    ("performance-and-outcomes", "Performance and outcomes"),
    ("commissioning-and-quality", "Commissioning and quality"),
    ("priorities-and-partnerships", "Priorities and partnerships"),
    ("resource-and-workforce", "Resource and workforce management"),
    ("culture-and-challenge", "Culture and challenge"),
]


def loaded(key: str) -> Questionnaire:
    return from_content(load_file(FOLDER / f"{key}.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_has_no_problems(file: Path) -> None:
    assert [str(problem) for problem in check_file(file)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_named_after_its_key(file: Path) -> None:
    assert load_file(file)["key"] == file.stem


@pytest.mark.parametrize(("key", "least"), LEAST_RATED.items())
def test_a_main_questionnaire_has_its_size_and_the_six_domains(key: str, least: int) -> None:
    made = loaded(key)
    assert len(made.rated) >= least
    assert [(domain.key, domain.title) for domain in made.domains if not domain.bespoke] == SIX_DOMAINS
    assert all(domain.rated for domain in made.domains)


@pytest.mark.parametrize("key", LEAST_RATED)
def test_descriptors_tell_the_levels_and_the_standards_apart(key: str) -> None:
    made = loaded(key)
    descriptors = [
        " ".join(text.casefold().split()) for each in made.rated for text in each.descriptors.values()
    ]
    assert len(descriptors) == len(made.rated) * len(made.scale)
    assert len(set(descriptors)) == len(descriptors)


@pytest.mark.parametrize("key", LEAST_RATED)
def test_each_rated_standard_names_its_source_and_what_to_show(key: str) -> None:
    assert [each.key for each in loaded(key).rated if not (each.source and each.evidence)] == []


@pytest.mark.parametrize("key", LEAST_RATED)
def test_no_term_is_left_for_any_organisation(key: str) -> None:
    made = loaded(key)
    for kind in KINDS:
        for phase in PHASES:
            for governance in GOVERNANCE:
                seen = routed(made, OrganisationFacts(kind, phase, frozenset(), governance))
                texts = [seen.introduction, *(each.text + each.help for each in seen.questions)]
                assert not any("{" in text for text in texts)
