"""The links file of the schools register: who went before whom, with the oddities of its lines."""

from datetime import date

import pytest

from app.organisations.register_file import (
    Link,
    RegisterFileError,
    parse_links,
    read_table,
)


def links(*lines: str) -> tuple[Link, ...]:
    text = "\n".join(('"URN","LinkURN","LinkName","LinkType","LinkEstablishedDate"', *lines))
    return parse_links(read_table(text.encode("cp1252"), "links.csv"))


def test_links_are_predecessors_and_successors_with_their_flags() -> None:
    assert links(
        '100023,100024,"Torriano Infant School","Predecessor","15-09-2015"',
        '100016,132245,"Kingsgate Primary School","Successor",""',
        '100012,100021,"Rhyl Community School","Successor - merged","31-08-2021"',
        '100068,100071,"North Bridge Nursery","Successor - amalgamated","01-09-2021"',
        '100080,100081,"Somewhere","Predecessor - Split School","01-09-2021"',
    ) == (
        Link("100023", "100024", "predecessor", on_date=date(2015, 9, 15)),
        Link("100016", "132245", "successor"),
        Link("100012", "100021", "successor", merged=True, on_date=date(2021, 8, 31)),
        Link("100068", "100071", "successor", merged=True, on_date=date(2021, 9, 1)),
        Link("100080", "100081", "predecessor", split=True, on_date=date(2021, 9, 1)),
    )


def test_links_without_direction_are_passed_over_and_repeated_ones_count_once() -> None:
    assert links(
        '100050,132838,"LaSWAP","Sixth Form Centre Link",""',
        '101276,101277,"Edgware","Result of Amalgamation","31-08-2014"',
        '106666,135500,"Gateway","Expansion","01-09-2014"',
    ) == ()  # fmt: skip
    assert len(links('100016,132245,"K","Successor",""', '100016,132245,"Kingsgate","Successor",""')) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('100016,13224,"K","Successor",""', "Row 3: LinkURN is “13224”"),
        ('100016,132245,"K","Successor","2015"', "Row 3: LinkEstablishedDate is “2015”"),
        ('100016,132245,"K","Successor","","more"', "Row 3: It has 6 cells"),
    ],
)
def test_a_link_that_cannot_be_read_names_its_row(line: str, said: str) -> None:
    good = '100023,100024,"T","Predecessor",""'
    assert len(links(good)) == 1
    with pytest.raises(RegisterFileError, match=said):
        links(good, line)
