"""Filters of the pages."""

from app.core.rendering import address


def test_an_address_breaks_where_people_would_break_it_and_stays_text() -> None:
    assert str(address("lead.ashgrove@demo.example.org")) == (
        "lead<wbr>.ashgrove<wbr>@demo<wbr>.example<wbr>.org"
    )
    assert str(address("<b>@x.org")) == "&lt;b&gt;<wbr>@x<wbr>.org"
    assert str(address("")) == ""
