"""Keys and tokens that services issue, by their prefixes.

A row is a fact that the service publishes: the prefix, and the form of the rest. Nothing else in a text
decides.
"""

from __future__ import annotations

import re

from ..lazy import Lazy
from .anchors import Anchor, anchored, by_literal
from .values import is_login, is_mixed, is_random

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from .budget import Budget

AWS_KEY: Final = "aws key"
PRIVATE_KEY: Final = "private key"

_HEX32 = r"[0-9a-fA-F]{32}(?![0-9a-zA-Z])"
_HEX40 = r"[0-9a-fA-F]{40}(?![0-9a-zA-Z])"
_HEX64 = r"[0-9a-fA-F]{64}(?![0-9a-zA-Z])"
_LETTERS = r"[A-Za-z0-9]"


def _after(prefixes: str, tail: str, before: str = "") -> Lazy:
    """The form of the text after one of the prefixes."""
    begin = "|".join(map(re.escape, prefixes.split()))
    return Lazy(f"{before}(?:{begin}){tail}", re.ASCII)


_FACTS: Final = (
    # kind, prefixes, form of the rest
    (AWS_KEY, "AKIA ASIA ABIA ACCA", r"[A-Z0-9]{16}(?![A-Z0-9])"),
    (AWS_KEY, "FwoGZXIvYXdz FQoGZXIvYXdz IQoJb3JpZ2lu ABSK bedrock-api-key-", r"[A-Za-z0-9/+]{50,}+={0,2}"),
    ("appsync key", "da2-", r"[a-z0-9]{26}(?![a-z0-9])"),
    ("google key", "AIza", r"[\w-]{35}"),
    ("google key", "ya29. GOCSPX- 1//0", r"[\w-]{20,}+"),
    ("github token", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{30,}+"),
    ("github token", "github_pat_", r"\w{22,}+"),
    (
        "gitlab token",
        "glpat- gldt- glrt- glptt- glcbt- gloas- glsoat- glft- glimt- glagent- glffct- GR1348941",
        r"[\w.-]{20,}+",
    ),
    (
        "slack token",
        "xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xoxe.xoxb- xoxe.xoxp- xapp-",
        r"[\w-]{10,}+",
    ),
    ("stripe key", "sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_", rf"{_LETTERS}{{10,}}+"),
    ("stripe key", "whsec_", r"[A-Za-z0-9+/=]{20,}+"),
    ("model key", "sk-ant- sk-proj- sk-svcacct- sk-admin- sk-or- sk-lf-", r"[\w-]{16,}+"),
    ("model key", "gsk_ xai- pplx- csk-", rf"{_LETTERS}{{32,}}+"),
    ("model key", "hf_ r8_ api_org_", rf"{_LETTERS}{{30,}}+"),
    ("model key", "nvapi- tgp_v1_ pcsk_", r"[\w-]{40,}+"),
    ("model key", "lsv2_pt_ lsv2_sk_", r"[0-9a-f]{32}_[0-9a-f]{10}"),
    ("model key", "tvly- jina_", r"[\w-]{20,}+"),
    ("access token", "npm_", rf"{_LETTERS}{{36}}"),
    ("access token", "pypi-", r"[\w-]{50,}+"),
    ("access token", "SG.", r"[\w-]{16,32}\.[\w-]{16,64}"),
    ("access token", "dop_v1_ doo_v1_ dor_v1_", _HEX64),
    ("access token", "hvs. hvb. hvr.", r"[\w-]{24,}+"),
    ("access token", "shpat_ shpca_ shppa_ shpss_", r"[0-9a-fA-F]{32}"),
    ("access token", "dapi dkea", r"[0-9a-f]{32}(?:-\d)?(?![0-9a-zA-Z])"),
    ("access token", "AGE-SECRET-KEY-1", r"[A-Z0-9]{40,}+"),
    ("access token", "dckr_pat_ dckr_oat_ ATATT3 ATCTT3 ATBB", r"[\w=-]{20,}+"),
    ("access token", "glsa_ glc_", r"[\w+/]{30,}+={0,2}"),
    ("access token", "ntn_ lin_api_ lin_oauth_", rf"{_LETTERS}{{30,}}+"),
    ("access token", "secret_", r"[A-Za-z0-9]{43}(?![A-Za-z0-9])"),
    ("access token", "sntrys_ sntryu_", r"[\w=+/-]{30,}+"),
    ("access token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w.=-]{30,}+"),
    ("access token", "sbp_ sgp_", _HEX40),
    ("access token", "sb_secret_", r"[\w-]{20,}+"),
    ("access token", "dp.pt. dp.st. dp.ct. dp.sa.", r"[\w.]{30,}+"),
    ("access token", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{30,}+"),
    ("access token", "key- SK", _HEX32),
    ("access token", "NRAK- NRII- NRIQ- NRRA-", r"[\w-]{20,}+"),
    ("access token", "HRKU-", r"[\w-]{30,}+"),
    ("access token", "sq0atp- sq0csp-", r"[\w-]{22,}+"),
    ("access token", "pul-", _HEX40),
    ("access token", "rubygems_", r"[0-9a-f]{48}"),
    ("access token", "xkeysib- xsmtpsib-", r"[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    ("access token", "fo1_ tfp_ pnu_ rdme_ ico- duffel_live_ duffel_test_ fio-u-", r"[\w=-]{30,}+"),
    ("access token", "fm1r_ fm1a_ fm2_ CFPAT- clojars_ CLOJARS_ ops_eyJ", r"[\w+/=-]{40,}+"),
    ("access token", "LTAI", rf"{_LETTERS}{{20,24}}(?!{_LETTERS})"),
    ("access token", "AKID", rf"{_LETTERS}{{32}}(?!{_LETTERS})"),
    ("access token", "AKCp", rf"{_LETTERS}{{69}}"),
    ("access token", "p8e-", r"[A-Za-z0-9]{32}"),
    ("access token", "dt0c01.", r"[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}"),
    ("access token", "sha256~", r"[\w-]{43}"),
    ("access token", "v1.0-", r"[0-9a-f]{24}-[0-9a-f]{100,}+"),
    ("access token", "EZAK EZTK", rf"{_LETTERS}{{54}}"),
    ("access token", "shippo_live_ shippo_test_", r"[0-9a-fA-F]{40}"),
    ("access token", "pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}(?![A-Za-z0-9])"),
    ("access token", "A3-", r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    ("access token", "API-", r"[A-Z0-9]{26}(?![A-Z0-9])"),
    ("view token", "sbv1.", r"[\w.-]{8,}+"),
    (PRIVATE_KEY, "LS0tLS1CRUdJTi", r"[A-Za-z0-9+/]{20,}+={0,2}"),
)


def _gate(literal: str) -> str:
    return next((sign for sign in "_-." if sign in literal), "")


_TABLE: Final = by_literal(
    *(
        Anchor(kind, tuple(prefixes.split()), _after(prefixes, tail), in_word=False)
        for kind, prefixes, tail in _FACTS
    ),
    *(  # words and pictures begin like these as well
        Anchor(kind, tuple(prefixes.split()), _after(prefixes, tail, r"(?<![+/])"), is_mixed, in_word=False)
        for kind, prefixes, tail in (
            ("model key", "fc- fw_ voyage- pa-", r"[\w-]{20,}+"),
            ("access token", "EAAA EAAC EAAM EAAB", r"[\w-]{22,}+"),
        )
    ),
    Anchor("model key", ("sk-",), Lazy(r"sk-[\w-]{20,}+", re.ASCII), is_random, in_word=False),
    Anchor("jwt", ("eyJ",), Lazy(r"(?<![\w-])eyJ[\w-]{8,}+(?:\.[\w-]*+){1,4}", re.ASCII), in_word=False),
)
_TABLES: Final = [
    (gate, [(literal, anchor) for literal, anchor in _TABLE if _gate(literal) == gate])
    for gate in ("_", "-", ".", "")
]
"""The rules by a character that their prefixes share: few texts have each of the characters."""
_WITHIN: Final = by_literal(
    *(
        Anchor(kind, (literal,), Lazy(pattern, re.ASCII | re.IGNORECASE), check, back)
        for kind, literal, pattern, check, back in (
            # kind, literal within it, pattern from there, literal of its surroundings, characters before it
            ("azure key", "q~", r"(?<=[\w~.-]{3}\d)q~[\w~.-]{31,34}", None, 4),
            ("access token", ":aa", r"(?<=\d{8}):aa[\w-]{33}", None, 8),
            ("access token", ".atlasv1.", r"(?<=[a-z0-9]{14})\.atlasv1\.[\w=-]{60,70}", None, 14),
            ("access token", "nral", r"(?<=[0-9a-f]{36})nral(?![a-z0-9])", None, 36),
            ("access token", "-us", r"(?<=[0-9a-f]{32})-us\d{1,2}(?![a-z0-9])", None, 32),
            ("access token", "_mmk", r"(?<=[a-z0-9]{6}_[a-z0-9]{29})_mmk(?![a-z0-9])", None, 36),
            (
                "webhook",
                "hooks.slack.com/",
                r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/+-]{20,}+",
                None,
                0,
            ),
            ("webhook", "/api/webhooks/", r"(?<=\.com)/api/webhooks/[\w/+-]{20,}+", None, 0),
            ("webhook", ".webhook.office.com/", r"\.webhook\.office\.com/webhookb2/[\w@/-]{20,}+", None, 0),
            (
                "bearer token",
                "bearer",
                r"bearer(?:\s{1,4}|%20|\+)(?P<secret>[\w.~+/-]{12,}+=*+)",
                is_random,
                0,
            ),
            ("basic login", "basic", r"basic(?:\s{1,4}|%20)(?P<secret>[a-z0-9+/]{6,}+={0,2})", is_login, 0),
        )
    )
)
SHORTEST: Final = 14
_BOT: Final = 57
_OF_BOT = Lazy(r"[MNO](?<![\w.-][MNO])[A-Za-z0-9]{22,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w-]|\.\w)", re.ASCII)
"""Discord's: the id of a bot in base64, a time, a signature."""


def service_tokens(
    text: str, lowered: str, longest: int, budget: Budget
) -> Iterator[tuple[int, int, str, int]]:
    """(start, end, kind, where it begins to show) of each token that names its service.

    `longest` is the length of the text's longest word: no token is shorter than SHORTEST.
    """
    if longest >= SHORTEST:
        for gate, anchors in _TABLES:
            if gate in text:
                yield from anchored(anchors, text, text, budget)
        if longest >= _BOT:
            for match in _OF_BOT.finditer(text):
                if is_mixed(match[0]):
                    yield *match.span(), "access token", match.start()
    if longest >= SHORTEST or "basic" in lowered or "bearer" in lowered:
        yield from anchored(_WITHIN, text, lowered, budget)
