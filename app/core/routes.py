"""The access class of every route of the program: a route that is not in this table does not answer."""

from collections.abc import Mapping

from fastapi import Request

from app.core.access import Access

ACCESS: Mapping[str, Access] = {
    "GET /health": Access.PUBLIC,
    "GET /static/eleven.css": Access.PUBLIC,
    "GET /accessibility": Access.PUBLIC,
    "GET /privacy": Access.PUBLIC,
    "GET /contact": Access.PUBLIC,
    "GET /sign-in": Access.PUBLIC,
    "POST /sign-in": Access.PUBLIC,
    "GET /sign-in/{token}": Access.PUBLIC,
    "POST /sign-in/{token}": Access.PUBLIC,
    "GET /invitation/{token}": Access.PUBLIC,
    "POST /invitation/{token}": Access.PUBLIC,
    "GET /single-sign-on": Access.PUBLIC,
    "GET /single-sign-on/callback": Access.PUBLIC,
    "POST /single-sign-on/callback": Access.PUBLIC,
    "GET /second-factor": Access.ON_THE_WAY_IN,
    "POST /second-factor": Access.ON_THE_WAY_IN,
    "POST /second-factor/set-up": Access.ON_THE_WAY_IN,
    "POST /sign-out": Access.ON_THE_WAY_IN,
    "GET /account": Access.SIGNED_IN,
    "GET /account/stay": Access.ON_THE_WAY_IN,
    "POST /account/sessions/{session_id}/end": Access.SIGNED_IN,
    "POST /account/sessions/end-others": Access.SIGNED_IN,
    "POST /account/recovery-codes": Access.PARTNERSHIP,
    "POST /account/second-factor/remove": Access.PARTNERSHIP,
    "GET /account/hand-over": Access.OWN_WRITE,
    "POST /account/hand-over": Access.OWN_WRITE,
    "GET /people": Access.REGISTER,
    "POST /people": Access.REGISTER,
    "GET /people/{user_id}": Access.REGISTER,
    "POST /people/{user_id}/roles": Access.REGISTER,
    "POST /people/{user_id}/disable": Access.REGISTER,
    "POST /people/{user_id}/enable": Access.REGISTER,
    "POST /people/{user_id}/second-factor/reset": Access.REGISTER,
    "GET /hand-overs": Access.BOARD_MANAGER,
    "POST /hand-overs/{hand_over_id}/confirm": Access.BOARD_MANAGER,
    "POST /hand-overs/{hand_over_id}/decline": Access.BOARD_MANAGER,
    "POST /demo/sign-in": Access.DEMO,
    "GET /demo/outbox": Access.DEMO,
    "GET /demo/outbox/{message_id}": Access.DEMO,
    "GET /": Access.SIGNED_IN,
    "GET /organisations": Access.PARTNERSHIP,
    "GET /organisations/import": Access.REGISTER,
    "POST /organisations/import": Access.REGISTER,
    "GET /organisations/import/{import_id}": Access.REGISTER,
    "POST /organisations/import/{import_id}/apply": Access.REGISTER,
    "POST /organisations/import/{import_id}/discard": Access.REGISTER,
    "GET /organisations/{organisation_id}": Access.PARTNERSHIP,
    "POST /organisations/{organisation_id}/contacts": Access.REGISTER,
    "POST /organisations/{organisation_id}/contacts/{contact_id}/remove": Access.REGISTER,
    "GET /questionnaires": Access.PARTNERSHIP,
    "POST /questionnaires": Access.REGISTER,
    "GET /questionnaires/{key}/{version}": Access.PARTNERSHIP,
    "GET /rounds": Access.PARTNERSHIP,
    "GET /rounds/new": Access.REGISTER,
    "POST /rounds": Access.REGISTER,
    "GET /rounds/{round_id}": Access.PARTNERSHIP,
    "GET /rounds/{round_id}/audience": Access.REGISTER,
    "POST /rounds/{round_id}/audience": Access.REGISTER,
    "GET /rounds/{round_id}/issue": Access.REGISTER,
    "POST /rounds/{round_id}/issue": Access.REGISTER,
    "POST /rounds/{round_id}/close": Access.BOARD_MANAGER,
    "POST /rounds/{round_id}/reopen": Access.BOARD_MANAGER,
    "GET /rounds/{round_id}/chase": Access.REGISTER,
    "GET /rounds/{round_id}/chase.csv": Access.REGISTER,
    "POST /rounds/{round_id}/chase/{return_id}/call": Access.REGISTER,
    "GET /rounds/{round_id}/ratings": Access.RATINGS,
    "GET /rounds/{round_id}/what-if": Access.RATINGS,
    "GET /rounds/{round_id}/workbook.xlsx": Access.RETURNS,
    "GET /organisations/{organisation_id}/profile": Access.RATINGS,
    "GET /returns/{return_id}": Access.OWN_READ,
    "POST /returns/{return_id}/opened": Access.OWN_WRITE,
    "GET /returns/{return_id}/team": Access.OWN_READ,
    "POST /returns/{return_id}/team": Access.OWN_WRITE,
    "POST /returns/{return_id}/team/{user_id}/remove": Access.OWN_WRITE,
    "POST /returns/{return_id}/domains/{domain}/colleague": Access.OWN_WRITE,
    "GET /returns/{return_id}/check": Access.OWN_READ,
    "POST /returns/{return_id}/ready": Access.OWN_WRITE,
    "GET /returns/{return_id}/sign-off": Access.OWN_READ,
    "POST /returns/{return_id}/sign-off": Access.OWN_WRITE,
    "GET /returns/{return_id}/receipt": Access.OWN_READ,
    "GET /returns/{return_id}/feedback": Access.OWN_READ,
    "GET /returns/{return_id}/governors": Access.OWN_READ,
    "GET /returns/{return_id}/answers.xlsx": Access.OWN_READ,
    "POST /returns/{return_id}/send-back": Access.BOARD_MANAGER,
    "GET /returns/{return_id}/{domain}": Access.OWN_READ,
    "POST /returns/{return_id}/{domain}": Access.OWN_WRITE,
    "GET /returns/{return_id}/{domain}/{standard}": Access.OWN_READ,
    "POST /returns/{return_id}/{domain}/{standard}": Access.OWN_WRITE,
    "GET /actions": Access.RETURNS,
    "GET /visits": Access.RATINGS,
    "GET /visits/selection": Access.RATINGS,
    "POST /visits/selection": Access.RETURNS,
    "POST /visits/draw": Access.RETURNS,
    "GET /visits/settings": Access.BOARD_MANAGER,
    "POST /visits/settings": Access.BOARD_MANAGER,
    "GET /visits/template.docx": Access.BOARD_MANAGER,
    "POST /visits/template": Access.BOARD_MANAGER,
    "GET /visits/template/{template_id}/preview.docx": Access.BOARD_MANAGER,
    "GET /visits/{visit_id}": Access.RATINGS,
    "POST /visits/{visit_id}/steps/{step}": Access.RATINGS,
    "GET /visits/{visit_id}/enquiry": Access.RETURNS,
    "POST /visits/{visit_id}/enquiry": Access.RETURNS,
    "POST /visits/{visit_id}/enquiry/{question_id}": Access.RETURNS,
    "POST /visits/{visit_id}/programme": Access.RETURNS,
    "POST /visits/{visit_id}/programme/{slot_id}/remove": Access.RETURNS,
    "GET /visits/{visit_id}/report": Access.RATINGS,
    "POST /visits/{visit_id}/report": Access.RETURNS,
    "POST /visits/{visit_id}/actions": Access.RETURNS,
    "GET /visits/{visit_id}/letter.docx": Access.RATINGS,
    "GET /visits/{visit_id}/pack.docx": Access.RETURNS,
    "GET /visits/{visit_id}/report.docx": Access.RATINGS,
    "GET /our-visits/{visit_id}": Access.OWN_READ,
    "GET /our-visits/{visit_id}/report.docx": Access.OWN_READ,
    "POST /our-visits/{visit_id}/reply": Access.OWN_WRITE,
}

MEBIBYTE = 1024 * 1024
# Only these take files, and so many bytes.
TAKES_FILES: Mapping[str, int] = {
    # The whole register of England has some 60 MB, its links file a few more.
    "POST /organisations/import": 120 * MEBIBYTE,
    "POST /questionnaires": 25 * MEBIBYTE,
    "POST /visits/template": 5 * MEBIBYTE,
}


def access_of(request: Request) -> Access:
    """Return the access class of the route that a request matched.

    Raises KeyError for a route outside the table: a test holds the table against the program's routes.
    """
    return ACCESS[_named(request)]


def most_bytes_of_files(request: Request) -> int | None:
    """Return how large a body with files the route that a request matched takes; None if it takes none."""
    return TAKES_FILES.get(_named(request))


def _named(request: Request) -> str:
    method = "GET" if request.method == "HEAD" else request.method
    return f"{method} {request.scope['route'].path}"
