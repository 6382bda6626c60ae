"""Keys and tokens as the services that agents meet issue them, and cards, accounts and private keys.

Each is made at random in the shape of its kind and opens nothing.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator
from random import Random

_KEY = "PRIVATE" + " KEY"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_HEX = "0123456789abcdef"
_LOWER = _UPPER.lower()
_MIXED = _UPPER + _LOWER + _DIGITS
_URL = _MIXED + "_-"
_ALPHABETS = {
    "x": _HEX,
    "m": _MIXED,
    "u": _URL,
    "l": _LOWER + _DIGITS,
    "U": _UPPER + _DIGITS,
    "d": _DIGITS,
    "a": _LOWER + _UPPER,
}

# `<m36>`: 36 random characters of the alphabet `m`.
SERVICES: tuple[tuple[str, str], ...] = (
    ("AWS key id", "AKIA<U16>"),
    ("AWS temporary key id", "ASIA<U16>"),
    ("Google API key", "AIza<u35>"),
    ("Google OAuth token", "ya29.<u60>"),
    ("Google client secret", "GOCSPX-<u28>"),
    ("Azure client secret", "<m3>8Q~<u34>"),
    ("OpenAI key", "sk-<m20>T3BlbkFJ<m20>"),
    ("OpenAI project key", "sk-proj-<u74>T3BlbkFJ<u74>"),
    ("OpenAI service account key", "sk-svcacct-<u74>T3BlbkFJ<u58>"),
    ("Anthropic key", "sk-ant-api03-<u93>AA"),
    ("Anthropic admin key", "sk-ant-admin01-<u93>AA"),
    ("Slack bot token", "xoxb-<d12>-<d12>-<m24>"),
    ("Slack user token", "xoxp-<d12>-<d12>-<d12>-<x32>"),
    ("Slack app token", "xapp-1-<U11>-<d13>-<x64>"),
    ("Slack webhook", "https://hooks.slack.com/services/T<U8>/B<U8>/<m24>"),
    ("GitHub token", "ghp_<m36>"),
    ("GitHub OAuth token", "gho_<m36>"),
    ("GitHub app token", "ghs_<m36>"),
    ("GitHub refresh token", "ghr_<m36>"),
    ("GitHub fine-grained token", "github_pat_<m22>_<m59>"),
    ("GitLab token", "glpat-<u20>"),
    ("GitLab runner token", "glrt-<u20>"),
    ("GitLab trigger token", "glptt-<x40>"),
    ("GitLab job token", "glcbt-64_<u20>"),
    ("Stripe key", "sk_live_<m24>"),
    ("Stripe test key", "sk_test_<m99>"),
    ("Stripe restricted key", "rk_live_<m24>"),
    ("Stripe webhook secret", "whsec_<m32>"),
    ("Twilio key", "SK<x32>"),
    ("SendGrid key", "SG.<u22>.<u43>"),
    ("Hugging Face token", "hf_<a34>"),
    ("npm token", "npm_<m36>"),
    ("PyPI token", "pypi-AgEIcHlwaS5vcmc<u90>"),
    ("Databricks token", "dapi<x32>"),
    ("Discord bot token", "M<m23>.<u6>.<u27>"),
    ("Discord webhook", "https://discord.com/api/webhooks/<d18>/<u68>"),
    ("Telegram bot token", "<d10>:AA<u33>"),
    ("Mailgun key", "key-<x32>"),
    ("Mailchimp key", "<x32>-us12"),
    ("Shopify token", "shpat_<x32>"),
    ("Shopify secret", "shpss_<x32>"),
    ("Square token", "EAAA<u60>"),
    ("Square OAuth secret", "sq0csp-<u43>"),
    ("Notion token", "ntn_<d11><m35>"),
    ("Notion integration secret", "secret_<m43>"),
    ("Linear key", "lin_api_<m40>"),
    ("Atlassian token", "ATATT3xFfGF0<u180>"),
    ("Bitbucket token", "ATCTT3xFfGN0<u180>"),
    ("Cloudflare origin key", "v1.0-<x24>-<x146>"),
    ("DigitalOcean token", "dop_v1_<x64>"),
    ("DigitalOcean OAuth token", "doo_v1_<x64>"),
    ("Heroku key", "HRKU-AA<u58>"),
    ("Supabase token", "sbp_<x40>"),
    ("Supabase secret key", "sb_secret_<u31>"),
    ("Vault token", "hvs.<u90>"),
    ("Vault batch token", "hvb.<u140>"),
    ("Grafana service account token", "glsa_<m32>_<x8>"),
    ("Grafana Cloud token", "glc_<m60>"),
    ("New Relic user key", "NRAK-<U27>"),
    ("New Relic ingest key", "NRII-<u32>"),
    ("New Relic license key", "<x36>NRAL"),
    ("Sentry organisation token", "sntrys_<m120>_<m43>"),
    ("Sentry user token", "sntryu_<x64>"),
    ("Pinecone key", "pcsk_<m6>_<m63>"),
    ("Groq key", "gsk_<m52>"),
    ("Replicate token", "r8_<m37>"),
    ("LangSmith key", "lsv2_pt_<x32>_<x10>"),
    ("Langfuse secret key", "sk-lf-<x8>-<x4>-<x4>-<x4>-<x12>"),
    ("xAI key", "xai-<m80>"),
    ("Perplexity key", "pplx-<m48>"),
    ("OpenRouter key", "sk-or-v1-<x64>"),
    ("NVIDIA key", "nvapi-<u64>"),
    ("Tavily key", "tvly-dev-<m32>"),
    ("Together key", "tgp_v1_<u43>"),
    ("Fireworks key", "fw_<m24>"),
    ("Docker token", "dckr_pat_<u27>"),
    ("Postman key", "PMAK-<x24>-<x34>"),
    ("Airtable token", "pat<m14>.<x64>"),
    ("Dynatrace token", "dt0c01.<U24>.<U64>"),
    ("Doppler token", "dp.pt.<m43>"),
    ("PlanetScale password", "pscale_pw_<u43>"),
    ("Terraform Cloud token", "<m14>.atlasv1.<u67>"),
    ("Pulumi token", "pul-<x40>"),
    ("RubyGems key", "rubygems_<x48>"),
    ("Brevo key", "xkeysib-<x64>-<m16>"),
    ("Fly token", "fo1_<u43>"),
    ("Typeform token", "tfp_<u44>"),
    ("1Password service token", "ops_eyJ<m260>"),
    ("age secret key", "AGE-SECRET-KEY-1<U58>"),
    ("Alibaba key id", "LTAI<m20>"),
    ("AppSync key", "da2-<l26>"),
    ("JWT", "eyJhbGciOiJIUzI1NiJ9.eyJ<m60>.<u43>"),
    ("Meta token", "EAAC<m120>"),
    ("Tencent key id", "AKID<m32>"),
    ("Adobe secret", "p8e-<l32>"),
    ("Sourcegraph token", "sgp_<x40>"),
    ("OpenShift token", "sha256~<u43>"),
)

FRAMES = (
    "{s}",
    "used {s} for the call",
    "key={s}&x=1",
    '{"k": "{s}"}',
    "error: invalid credentials ({s})",
    "`{s}`",
    "the agent tried {s}.",
)

# Known by a service's name beside them, because they look like any hexadecimal or alphanumeric text.
NAMED_SERVICES: tuple[tuple[str, str], ...] = (
    ("Datadog", "DD_API_KEY=<x32>"),
    ("Datadog", "datadog app key <x40>"),
    ("Okta", "okta token: 00<u40>"),
    ("Okta", "Authorization: SSWS 00<u40>"),
    ("Cloudflare", "CLOUDFLARE_API_TOKEN=<u40>"),
    ("Cloudflare", "cloudflare api token <u40>"),
    ("Cohere", "the cohere key is <m40>"),
    ("Heroku", "HEROKU_API_KEY=<x8>-<x4>-<x4>-<x4>-<x12>"),
    ("Twilio", "TWILIO_AUTH_TOKEN=<x32>"),
    ("Twilio", "twilio auth token <x32>"),
    ("Snowflake", "SNOWFLAKE_PASSWORD=<m20>"),
    ("Langfuse", "LANGFUSE_SECRET_KEY=<m32>"),
    ("Mistral", "MISTRAL_API_KEY=<m32>"),
    ("Azure", "AZURE_OPENAI_API_KEY=<x32>"),
    ("Pinecone", "pinecone api key: <x8>-<x4>-<x4>-<x4>-<x12>"),
    ("ElevenLabs", "xi-api-key: <x32>"),
    ("AWS", "secret access key <m40>"),
    ("AWS", "AWS_SESSION_TOKEN=<m200>"),
)


def _random(rng: Random, length: int, letters: str) -> str:
    parts = ([c for c in part if c in letters] for part in (_UPPER, _LOWER, _DIGITS))
    sure = [rng.choice(part) for part in parts if part][:length]
    text = sure + [rng.choice(letters.replace("_", "").replace("-", "")) for _ in range(length - len(sure))]
    rng.shuffle(text)
    return "".join(text)


def made(shape: str, rng: Random) -> str:
    """A random text of a shape: `<m36>` stands for 36 characters of the alphabet `m`."""
    head, *rest = shape.split("<")
    text = head
    for piece in rest:
        size, tail = piece.split(">", 1)
        text += _random(rng, int(size[1:]), _ALPHABETS[size[0]]) + tail
    return text


def card(rng: Random, prefix: str, length: int) -> str:
    """A card number with its check digit."""
    digits = [int(d) for d in prefix] + [rng.randrange(10) for _ in range(length - len(prefix) - 1)]
    doubled = sum(2 * d - 9 if d > 4 else 2 * d for d in digits[::-2])
    return "".join(map(str, [*digits, -(sum(digits[-2::-2]) + doubled) % 10]))


def iban(rng: Random, country: str, body: str) -> str:
    """An account number with its check digits; `body` of d (digits) and U (capitals)."""
    text = "".join(rng.choice(_ALPHABETS["d"] if c == "d" else _UPPER) for c in body)
    number = "".join(str(int(c, 36)) for c in f"{text}{country}00")
    return f"{country}{98 - int(number) % 97:02d}{text}"


def _groups(text: str, between: str, size: int = 4) -> str:
    return between.join(textwrap.wrap(text, size))


def services(seed: int = 11) -> Iterator[tuple[str, str, str]]:
    """(family, text, secret) of each service's key, in a frame of everyday text."""
    rng = Random(seed)  # noqa: S311 - they open nothing
    for place, (_, shape) in enumerate(SERVICES):
        secret = made(shape, rng)
        for step in range(2):
            frame = FRAMES[(place + 3 * step) % len(FRAMES)]
            yield "service tokens", frame.replace("{s}", secret), secret.removeprefix("https://")
    for _, shape in NAMED_SERVICES:
        text = made(shape, rng)
        at = shape.index("<")
        secret = text[at - 2 :] if shape[at - 2 : at] == "00" else text[at:]
        yield "named service tokens", text, secret


def numbers(seed: int = 12) -> Iterator[tuple[str, str, str]]:
    """(family, text, secret) of cards, their check values and bank accounts."""
    rng = Random(seed)  # noqa: S311 - they open nothing
    visa, master, amex = card(rng, "4", 16), card(rng, "53", 16), card(rng, "37", 15)
    amex_groups = f"{amex[:4]} {amex[4:10]} {amex[10:]}"
    other = {"discover": card(rng, "6011", 16), "diners": card(rng, "36", 14), "jcb": card(rng, "3530", 16)}
    for text, secret in (
        *((number, number) for number in (visa, master, amex, amex_groups)),
        *((f"card {visa} declined", visa), (f'{{"card": "{visa}"}}', visa), (f'{{"number": {visa}}}', visa)),
        *((f"cc:{other['discover']}", other["discover"]), (f"card {other['diners']}", other["diners"])),
        *(
            (frame.replace("{s}", _groups(number, between)), number[-4:])
            for frame, number, between in (
                ("paid with {s}", visa, " "),
                ("card: {s}", master, "-"),
                ("card {s} ok", visa, "."),
                ("{s} exp 11/27", visa, "/"),
                ("{s}", visa, "_"),
                ("card={s}", visa, "  "),
                ("card number {s}", master, " - "),
                ("{s}, valid thru 11/27", visa, " "),
                ("card {s}", other["jcb"], " "),
                ("{s}", visa, "\u00a0"),
                ("card {s}", visa, "\u2013"),
                ("<td>{s}</td>", visa, " "),
            )
        ),
    ):
        yield "cards and accounts", text, secret
    for text in (
        f"card {visa}, cvv 731",
        f"card {visa} exp 11/27 CVC: 731",
        f"{_groups(visa, ' ')} 11/27 731",
        "CVV: 731",
        "the cvv is 731",
        '{"cvv": "731"}',
        "security code: 731",
    ):
        yield "cards and accounts", text, "731"
    for country, body in (
        ("DE", "d" * 18),
        ("GB", "UUUU" + "d" * 14),
        ("FR", "d" * 23),
        ("ES", "d" * 20),
        ("NL", "UUUU" + "d" * 10),
    ):
        found = iban(rng, country, body)
        yield "cards and accounts", f"IBAN {found}", found
        yield "cards and accounts", f"pay to {_groups(found, ' ')} please", _groups(found, " ")


def key_blocks(seed: int = 13) -> Iterator[tuple[str, str, str]]:
    """(family, text, secret) of private keys: whole, cut, on one line, in base64 and in JSON."""
    rng = Random(seed)  # noqa: S311 - they open nothing
    lines = [_random(rng, 64, _MIXED) for _ in range(6)]
    for kind in ("RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA ", ""):
        begin, end = f"-----BEGIN {kind}{_KEY}-----", f"-----END {kind}{_KEY}-----"
        whole = "\n".join((begin, *lines, end))
        yield "private keys", f"key:\n{whole}\nthanks", lines[3]
        yield "private keys", "\n".join((begin, *lines[:3])), lines[2]
        yield "private keys", whole.replace("\n", "\\n"), lines[4]
        yield "private keys", whole.replace("\n", " "), lines[5]
    yield "private keys", f"-----BEGIN PGP {_KEY} BLOCK-----\n\n" + "\n".join(lines), lines[1]
    yield "private keys", "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 14\n" + "\n".join(lines), lines[2]
    yield "private keys", "\n".join((*lines[:2], f"-----END {_KEY}-----")), lines[1]
    encoded = base64.b64encode((f"-----BEGIN {_KEY}-----\n" + "\n".join(lines)).encode()).decode()
    yield "private keys", f"key: {encoded}", encoded[40:]
    hidden = base64.b64encode(f'{{"password": "{lines[0][:20]}"}}'.encode()).decode()
    yield "private keys", f"payload {hidden}", hidden
