"""Signing in with the partnership's own OpenID Connect provider: code flow with PKCE, state and nonce.

Between leaving for the provider and coming back nothing is stored: what must be remembered travels in a
sealed cookie of the browser, for ten minutes. The provider never makes anybody a person of the partnership.
"""

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from app.core.sealing import BrokenSealError, seal, unseal
from app.core.settings import Settings
from app.people.rules import is_address, normal_address

TIMEOUT_SECONDS = 5
METADATA_SECONDS = 3600
AWAY_SECONDS = 600
LEEWAY_SECONDS = 60
# Signatures only: "none" would let anybody in, and a shared secret is not the provider's signature.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
CALLBACK = "/single-sign-on/callback"


class ProviderError(Exception):
    """Signing in at the provider did not work; the message says why, for the log and the page."""


@dataclass(frozen=True, slots=True)
class Away:
    """What must be the same when a person comes back from the provider."""

    state: str
    nonce: str
    verifier: str
    to: str

    def sealed(self, now: datetime) -> str:
        """Return it for the browser's cookie, unreadable and unalterable there."""
        return seal(json.dumps(asdict(self)), now)


def away_from(cookie: str, now: datetime) -> Away:
    """Return what was remembered in the browser.

    Raises ProviderError when there is nothing, or too old: somebody came here without having left.
    """
    try:
        return Away(**json.loads(unseal(cookie, now=now, seconds=AWAY_SECONDS)))
    except (BrokenSealError, ValueError, TypeError) as error:
        raise ProviderError("this browser did not begin to sign in, or began over ten minutes ago") from error


class Provider:
    """The provider as its discovery document describes it, read again every hour."""

    def __init__(self, config: Settings) -> None:
        self.config = config
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}
        self._read_at = 0.0

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.config.oidc_client_id,
            client_secret=self.config.oidc_client_secret,
            scope="openid email profile",
            redirect_uri=f"{self.config.public_address}{CALLBACK}",
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
        )

    def _metadata(self) -> Mapping[str, Any]:
        with self._lock:
            if not self._known or time.monotonic() - self._read_at > METADATA_SECONDS:
                self._known = self._get(self.config.oidc_discovery)
                self._read_at = time.monotonic()
            return self._known

    def _get(self, address: str) -> dict[str, Any]:
        reply = httpx2.get(address, timeout=TIMEOUT_SECONDS)
        reply.raise_for_status()
        content = reply.json()
        if not isinstance(content, dict):
            raise ProviderError(f"{address} is not a JSON object")
        return content

    def leave(self, to: str) -> tuple[str, Away]:
        """Return the provider's address to send a person to, and what to remember until they come back.

        Raises ProviderError when the provider does not answer.
        """
        away = Away(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), to)
        try:
            with self._client() as client:
                address, _ = client.create_authorization_url(
                    self._metadata()["authorization_endpoint"],
                    state=away.state,
                    code_verifier=away.verifier,
                    nonce=away.nonce,
                )
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            raise ProviderError(f"the provider does not answer as it should: {error}") from error
        return str(address), away

    def come_back(self, answer: Mapping[str, str], away: Away) -> str:
        """Exchange the provider's answer for the address of the person who signed in there.

        Raises ProviderError for every answer that does not prove who they are.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), away.state.encode()):
            raise ProviderError("the answer belongs to another sign-in")
        if answer.get("error"):
            raise ProviderError(f"the provider said: {answer['error'][:100]}")
        if not answer.get("code"):
            raise ProviderError("the answer holds no code")
        try:
            return self._address(self._claims(answer["code"], away))
        except (OAuthError, JoseError, httpx2.HTTPError, ValueError, KeyError) as error:
            raise ProviderError(f"the provider's answer proves nothing: {error}") from error

    def _claims(self, code: str, away: Away) -> Mapping[str, Any]:
        known = self._metadata()
        with self._client() as client:
            token = client.fetch_token(
                known["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=away.verifier,
            )
        if "id_token" not in token:
            raise ProviderError("the answer holds no id_token")
        decoded = jwt.decode(
            token["id_token"],
            KeySet.import_key_set(self._get(known["jwks_uri"])),  # type: ignore[arg-type]
            registry=JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False),
        )
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "values": [known["issuer"]]},
                "nonce": {"essential": True, "value": away.nonce},
            },
            {
                "nonce": away.nonce,
                "client_id": self.config.oidc_client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=LEEWAY_SECONDS)
        checked: Mapping[str, Any] = claims
        return checked

    def _address(self, claims: Mapping[str, Any]) -> str:
        """Return the address that the provider vouches for.

        An `email` counts only when the provider says that it verified it. Entra says so nowhere; there the
        partnership chooses `preferred_username`, which its own administrators give.
        """
        address = str(claims.get(self.config.oidc_claim) or "")
        if not is_address(address):
            raise ProviderError(f"the answer holds no address in {self.config.oidc_claim}")
        if self.config.oidc_claim == "email" and claims.get("email_verified") is not True:
            raise ProviderError("the provider has not verified this person's address")
        return normal_address(address)


_PROVIDERS: dict[tuple[str, str], Provider] = {}


def provider(config: Settings) -> Provider:
    """Return this installation's provider; its description is shared by all requests."""
    key = (config.oidc_discovery, config.oidc_client_id)
    return _PROVIDERS.setdefault(key, Provider(config))
