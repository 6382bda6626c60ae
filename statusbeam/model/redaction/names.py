"""The kind of secret that a name promises: `db_password` a password, `X-Api-Key` a key, `sort_key` none.

>>> kind_of_name("spring.datasource.password"), kind_of_name("passwordResetUrl")
('password', None)
"""

from __future__ import annotations

from functools import lru_cache

from ..lazy import Lazy
from .vocabulary import words

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final

PASSWORD: Final = "password"  # noqa: S105 - a kind, like those below
"""The value is a password, of any form."""
KEY: Final = "key"
"""A key, a client secret or a token by its full name: anything but a word."""
SECRET: Final = "secret"  # noqa: S105
"""`secret` alone: chosen by a person or made by a machine."""
TOKEN: Final = "token"  # noqa: S105
"""`token` alone, which is a language model's as well: long texts only."""
WEAK: Final = "weak"
"""`key`, `auth` and the like: only random values."""
CODE: Final = "code"
"""A PIN, a one-time code, the check value of a card."""
HEADER: Final = "header"
COOKIE: Final = "cookie"
CREDENTIALS: Final = "credentials"
SEED: Final = "seed"

LONGEST: Final = 64
"""The number of last characters of a name that decide."""

_FOREIGN: Final = words(
    "\u043f\u0430\u0440\u043e\u043b\u044c \u5bc6\u7801 \u5bc6\u78bc \u30d1\u30b9\u30ef\u30fc\u30c9"
)
"""A password in Russian, Chinese, Japanese."""
STEMS: Final = (
    _FOREIGN
    | words(
        """
    pass pwd secret token key cred auth cookie code cvv cvc kennwort zugang contrase clave senha mnemonic
    phrase seed sessionid wachtwoord heslo schl\u00fcssel schluessel cl\u00e9 chiave
    chave l\u00f6senord has\u0142o
    """
    )
    | {"parola d'ordine", "parola d\u2019ordine"}
)
"""Literals of which every such name holds one; for texts in lower case."""
SHORT_STEMS: Final = words("pin otp pw mdp sid")
"""The same; these are names only where no letter follows."""

_PARTS = Lazy(r"[A-Z]{1,64}(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]{1,64}+|\d{1,64}+")


_NEUTRAL: Final = words(
    """
    prod production dev development test testing staging stage stg live old new current default value
    val plain plaintext raw base b base64 main local string str sandbox qa uat enc 0 1 2 3 4 5 64 v
    """
)
"""Words after a name that don't change its kind: `API_KEY_PROD`."""
_PASSWORDS: Final = _FOREIGN | words(
    """
    password passwords passwort passwd passwds passphrase passcode pwd pwds passw pword psw pw kennwort
    contrasena contrase\u00f1a senha mdp passord wachtwoord l\u00f6senord heslo has\u0142o motdepasse
    requirepass masterauth rootpw
    """
)
_PASSWORD_ENDS: Final = (
    *(
        "password",
        "passwd",
        "passwort",
        "passphrase",
        "passcode",
        "kennwort",
        "pwd",
        "rootpw",
        "bindpw",
        "storepass",
    ),
    *("keypass", "userpass", "dbpass", "adminpass", "rootpass", "smtppass"),
)
_NO_PASSWORD_BEFORE: Final = words(
    """
    has is no reset forgot forget show hide require requires required needs need use uses using allow
    enable disable change changed update validate check verify hash hashed generate min max missing
    invalid wrong bad weak strong ask prompt remember lost empty
    """
)
_NO_PASS_BEFORE: Final = words(
    """
    first second third fourth 1st 2nd 3rd one two single multi by build render compiler boarding season
    ski low high band all each every per last next final forward backward training optimization mountain
    bus rail day to did will must
    """
)
_KEY_BEFORE: Final = words(
    """
    api access secret private signing encryption decryption account subscription client shared master
    app application auth consumer license licence hmac jwt webhook crypto cipher aes fernet ssh deploy
    admin root sas integration ingest session service x authentication storage activation security wifi
    wpa management rest
    """
)
_NO_KEY_BEFORE: Final = words(
    """
    primary foreign sort partition cache public range hash idempotency group object s3 routing message
    dedup deduplication lookup index dict map natural composite surrogate unique candidate row column
    shift enter any arrow function hot home end delete escape tab join i18n translation answer legend
    map sorting order by no
    """
)
_TOKEN_BEFORE: Final = words(
    """
    access auth authentication authorization refresh session bearer security id csrf xsrf bot api vault
    github gitlab slack personal deploy oauth oauth2 jwt service device push reset invite invitation
    magic login verification sas private app user admin client registration web identity npm pypi x
    discord telegram hf huggingface databricks private replicate cloudflare digitalocean heroku root
    join gh gl amz job pat secret
    """
)
_NO_TOKEN_BEFORE: Final = words(
    """
    next page pagination continuation cancellation cancel stop eos bos pad unk mask cls sep start end
    special input output prompt completion total max min per thinking reasoning cached last first sync
    previous resume scroll lexer parser current request idempotency a each every one number no
    """
)
_SECRET_BEFORE_NOT: Final = words(
    """
    is no pull tls kubernetes k8s top open trade has image big dirty best little
    """
)
_CODES: Final = words("pin otp cvv cvv2 cvc cvc2 csc totp pincode otpcode")
_CODE_BEFORE: Final = words(
    """
    pin security verification otp totp 2fa fa mfa time factor door unlock alarm gate safe backup
    recovery lock entry sms login access secret authenticator tan device passcode cvv
    """
)
_SESSION_ENDS: Final = ("sessionid", "sessid", "sid")
_KEY_ENDS: Final = (
    *("apikey", "secretkey", "accesskey", "privatekey", "signingkey", "accountkey", "masterkey"),
)
_TOKEN_ENDS: Final = (
    *("accesstoken", "authtoken", "sessiontoken", "refreshtoken", "bearertoken", "idtoken", "csrftoken"),
)
_NOT_SECRET_AFTER: Final = words(
    """
    id ids name names arn ref url uri path file files type types count counts limit limits usage length
    size min max policy hash algorithm algo expiry expires expired expiration at ttl age reset field
    fields label placeholder hint hints strength rotation version prefix suffix format schema required
    enabled disabled set status state error errors valid index word words map list table store manager
    provider service endpoint issuer scope scopes budget rate price cost s ring board pair pairs change
    changed updated created rules rule regex pattern env var variable header param parameter input
    output source alias fingerprint thumbprint client method mode hashers sock domain audience grant
    flow handler view page form generator validator middleware callback dir directory location protected
    protection authentication auth less only
    """
)


def words_of(name: str) -> list[str]:
    """The words of a name in lower case: of `dbPassword`, `DB_PASSWORD` and `db-password` the same."""
    return [part.lower() for part in _PARTS.findall(name)]


@lru_cache(maxsize=2_048)
def kind_of_name(name: str) -> str | None:
    """The kind of secret under the name; None for no secret."""
    parts = words_of(name[-LONGEST:])
    whole = parts
    while len(parts) > 1 and parts[-1] in _NEUTRAL:
        parts = parts[:-1]
    kind = _kind(parts) if parts else None
    if kind is None and name.isupper() and not _NOT_SECRET_AFTER.intersection(whole[1:]):
        named = any(_kind(parts[:at]) in (PASSWORD, KEY, SECRET, TOKEN) for at in range(1, len(parts)))
        return WEAK if named else None  # GITHUB_TOKEN_OF_CI, API_KEY_OPENAI
    return kind


def _kind(parts: list[str]) -> str | None:
    last, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    joined = "".join(parts)
    found = _password(parts[:-1], last, joined)
    for kind in (_key, _secret, _other):
        if found is None:
            found = kind(last, before, joined)
    return (_token(parts[:-1], last) if found is None else found) or None


_NONE: Final = ""
"""No secret for sure, with any other words."""


def _password(before: list[str], last: str, joined: str) -> str | None:
    if last in _PASSWORDS or last.endswith(_PASSWORD_ENDS):
        none = last.startswith("no") or _NO_PASSWORD_BEFORE.intersection(before)
        return _NONE if none else PASSWORD
    if joined.endswith(("motdepasse", "palavrapasse", "paroladordine", "motpasse", "zugangscode")):
        return PASSWORD
    if last in ("pass", "clave"):
        return _NONE if before and before[-1] in _NO_PASS_BEFORE else SECRET
    return None


def _key(last: str, before: str, joined: str) -> str | None:
    if last in ("key", "schl\u00fcssel", "schluessel"):
        return _NONE if before in _NO_KEY_BEFORE else KEY if before in _KEY_BEFORE else WEAK
    if last == "keys":
        return KEY if before in _KEY_BEFORE else _NONE
    return KEY if joined.endswith(_KEY_ENDS) else None


def _secret(last: str, before: str, _: str) -> str | None:
    if last in ("secret", "secrets"):
        if before in _SECRET_BEFORE_NOT:
            return _NONE
        return KEY if before and last == "secret" and before not in ("the", "my", "our", "a") else SECRET
    return KEY if last.endswith("secret") else None


def _token(before: list[str], last: str) -> str | None:
    if last == "token":
        if _NO_TOKEN_BEFORE.intersection(before):
            return _NONE
        return KEY if before and before[-1] in _TOKEN_BEFORE else TOKEN
    return KEY if last.endswith(_TOKEN_ENDS) else None


def _other(last: str, before: str, joined: str) -> str | None:
    if last in _CODES or (last in ("code", "codes") and before in _CODE_BEFORE):
        return CODE
    if last == "phrase":
        return SEED if before in ("seed", "recovery", "mnemonic", "backup", "secret") else None
    return WEAK if joined.endswith(_SESSION_ENDS) else _ALONE.get(last)


_ALONE: Final = {
    **dict.fromkeys(("credential", "credentials", "creds", "zugangsdaten"), CREDENTIALS),
    **dict.fromkeys(("cookie", "cookies"), COOKIE),
    **{"authorization": HEADER, "mnemonic": SEED, "seed": SEED, "auth": WEAK},
}
