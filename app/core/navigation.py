"""The main navigation of each role: only places that the person may go to."""

from app.core.access import Access, Actor, allows

_PLACES = (
    ("Home", "/", Access.SIGNED_IN),
    ("Rounds", "/rounds", Access.PARTNERSHIP),
    ("Organisations", "/organisations", Access.PARTNERSHIP),
    ("Questionnaires", "/questionnaires", Access.PARTNERSHIP),
    ("Moderation", "/moderation", Access.RETURNS),
    ("Visits", "/visits", Access.RATINGS),
    ("Actions", "/actions", Access.RETURNS),
    ("Planner", "/planner", Access.PARTNERSHIP),
    ("People", "/people", Access.REGISTER),
    ("Audit trail", "/audit", Access.BOARD_MANAGER),
)


def navigation(actor: Actor | None, path: str) -> list[dict[str, object]]:
    """Return the links for a person; those who serve one organisation need none but home."""
    if actor is None or not actor.is_partnership:
        return []
    return [
        {"text": text, "href": href, "active": path == href if href == "/" else path.startswith(href)}
        for text, href, access in _PLACES
        if allows(access, actor, demo=False)
    ]
