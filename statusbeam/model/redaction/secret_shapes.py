"""What secrets look like in a text, whatever stands before them.

Every pattern begins at a literal or at the edge of a word, and repeats possessively or within a small bound.
"""

from __future__ import annotations

import re

from .shape import (
    GIVES,
    QUOTE,
    Shape,
    any_case,
    exact,
    has_digit,
    is_card_text,
    is_login,
    is_mixed,
    is_random,
    is_value,
)

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

AWS_KEY: Final = "aws key"
PRIVATE_KEY: Final = "private key"


_FRAME = r"[A-Z0-9 +]{1,40}PRIVATE[ +]KEY(?:[ +]BLOCK)?\s?-{4,5}"  # a form has a plus for each space
KEY_BEGIN = re.compile(rf"-{{4,5}}\s?BEGIN{_FRAME}", re.ASCII | re.IGNORECASE)
OPEN_MARK: Final = f"[redacted: {PRIVATE_KEY}]"
KEY_BEGIN_OR_MARK = re.compile(f"{KEY_BEGIN.pattern}|{re.escape(OPEN_MARK)}", re.ASCII | re.IGNORECASE)
KEY_END = re.compile(rf"-{{4,5}}\s?END{_FRAME}", re.ASCII | re.IGNORECASE)
KEY_BODY = re.compile(r"(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{20,}+)*+")

AWS_SECRET = Shape(
    AWS_KEY,
    (),
    re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])", re.ASCII),
    is_mixed,
)


SHAPES: Final = (
    Shape(AWS_KEY, ("akia", "asia", "abia", "acca"), exact(r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Z0-9])")),
    Shape(
        AWS_KEY,
        ("fwogzxivyxdz", "fqogzxivyxdz", "iqojb3jpz2lu", "absk", "bedrock-api-key-"),
        exact(r"(?:F[wQ]oGZXIvYXdz|IQoJb3JpZ2lu|ABSK|bedrock-api-key-)[A-Za-z0-9/+]{50,}+={0,2}"),
    ),
    Shape(
        "google key",
        ("aiza", "ya29.", "gocspx-"),
        exact(r"AIza[\w-]{35}|ya29\.[\w-]{20,}+|GOCSPX-[\w-]{20,}+"),
    ),
    Shape("azure key", ("7q~", "8q~"), re.compile(r"(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}", re.ASCII)),
    Shape(
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        exact(r"gh[pousr]_[A-Za-z0-9]{36,}+|github_pat_\w{22,}+"),
    ),
    Shape("gitlab token", ("glpat-", "gldt-", "glrt-"), exact(r"gl(?:pat|dt|rt)-[\w-]{20,}+")),
    Shape("slack token", ("xox", "xapp-"), exact(r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}+")),
    Shape(
        "webhook",
        ("hooks.slack.com/", "/api/webhooks/"),
        any_case(r"(?:hooks\.slack\.com/[a-z]{1,12}|discord(?:app)?\.com/api/webhooks)/([\w/+-]{20,}+)"),
    ),
    Shape(
        "stripe key",
        ("k_live_", "k_test_", "whsec_"),
        exact(r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{20,}+"),
    ),
    Shape("model key", ("sk-",), exact(r"sk-[\w-]{20,}+"), is_random),
    Shape(
        "model key",
        ("gsk_", "hf_", "xai-", "pplx-", "nvapi-", "lsv2_", "tvly-", "r8_", "pcsk_", "csk-", "tgp_v1_"),
        exact(
            r"(?:gsk_|xai-|pplx-)[A-Za-z0-9]{40,}+|(?:hf_|r8_)[A-Za-z0-9]{30,}+|(?:nvapi-|tgp_v1_)[\w-]{40,}+"
            r"|lsv2_[a-z]{2}_[0-9a-f]{32}_[0-9a-f]{10}|tvly-[\w-]{20,}+|pcsk_\w{40,}+|csk-[a-z0-9]{40,}+"
        ),
    ),
    Shape(
        "access token",
        (
            *(
                "npm_",
                "pypi-",
                "sg.",
                "dop_v1_",
                "hvs.",
                "shp",
                "dapi",
                "da2-",
                "age-secret-key-",
                ":aa",
                "atatt3",
            ),
            *(
                "dckr_pat_",
                "glsa_",
                "ntn_",
                "sntrys_",
                "lin_api_",
                "pscale_",
                "sbp_",
                "pmak-",
                "key-",
                "dp.pt.",
            ),
        ),
        exact(
            r"npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}+|SG\.[\w-]{16,32}\.[\w-]{16,64}|dop_v1_[0-9a-f]{64}"
            r"|hvs\.[\w-]{24,}+|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|dapi[0-9a-f]{32}"
            r"|da2-[a-z0-9]{26}|AGE-SECRET-KEY-1[A-Z0-9]{40,}+|(?:bot)?\d{8,10}:AA[\w-]{33}"
            r"|dckr_pat_[\w-]{20,}+|ATATT3[\w=-]{20,}+|glsa_\w{30,}+|ntn_[A-Za-z0-9]{30,}+|sntrys_[\w=+/-]{30,}+"
            r"|lin_api_[A-Za-z0-9]{30,}+|pscale_[a-z]{2,5}_[\w.-]{30,}+|sbp_[0-9a-f]{40}|dp\.pt\.\w{30,}+"
            r"|PMAK-[0-9a-f]{24}-[0-9a-f]{30,}+|key-[0-9a-f]{32}(?![0-9a-zA-Z])"
        ),
    ),
    Shape("view token", ("sbv1.",), exact(r"sbv1\.[\w.-]{8,}+")),
    Shape(PRIVATE_KEY, ("ls0tls1crudjti",), exact(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}+={0,2}")),
    Shape(
        PRIVATE_KEY,
        ("private-lines:",),
        any_case(r"private-lines:\s{0,3}\d{1,4}\s{0,3}([A-Za-z0-9+/=\s]{20,}+)"),
    ),
    Shape("jwt", ("eyj",), re.compile(r"(?<![\w-])eyJ[\w-]{8,}+(?:\.[\w-]*+){1,4}", re.ASCII)),
    Shape("bearer token", ("bearer",), any_case(r"\bbearer\s{1,4}([\w.~+/-]{16,}+=*+)"), has_digit),
    Shape("basic login", ("basic",), any_case(r"\bbasic\s{1,4}([A-Za-z0-9+/]{6,}+={0,2})"), is_login),
    Shape(
        "url signature",
        ("sig", "x-amz-", "hmac"),
        any_case(
            r"(?:[?&;]|\\u0026|,\s?)(?:x-amz-signature|x-amz-security-token|x-goog-signature|signature|sig|hmac)"
            r"=([^\s&#\"'<>\\]{8,}+)"
        ),
        is_value,
    ),
    Shape(
        "password",
        ("://",),
        any_case(
            r"://[^\s/:@\"'<>]{0,256}:(?!\d{1,5}(?:[/?#]|$))((?:(?:[^\s\"'<>/]|'(?![\s,;:)\]}])){1,256}|[^\s\"'<>@]{1,256}))@",
        ),
        is_value,
    ),
    Shape("token", ("://",), any_case(r"://([\w.~-]{16,}+)@"), is_random),
    Shape(
        "secret",
        ("sshpass",),
        any_case(rf"\bsshpass\s{{1,3}}-p\s{{0,3}}{QUOTE}?([^\s\"']++)"),
        is_value,
    ),
    Shape(
        "secret",
        ("key=", "auth=", "code="),
        any_case(r"[?&](?:key|auth|code)=([\w.~+/%-]{16,}+=*+)"),
        is_random,
    ),
    Shape(
        "token",
        ("token",),
        any_case(
            rf"(?<![a-z])token{QUOTE}?\s{{0,3}}{GIVES}\s{{0,3}}{QUOTE}?([\w.~+/-]{{16,}}+={{0,2}})",
        ),
        is_random,
    ),
    Shape(
        "login",
        ("authorization",),
        any_case(
            rf"authorization{QUOTE}?\s{{0,3}}{GIVES}\s{{0,3}}{QUOTE}?(?:token|api-?key)"
            r"\s{1,3}([\w.~+/-]{16,}+={0,2})"
        ),
        has_digit,
    ),
    Shape(
        "login",
        ("authorization",),
        any_case(
            rf"authorization{QUOTE}?\s{{0,3}}{GIVES}\s{{0,3}}{QUOTE}?(?:[a-z][\w-]{{1,30}}\s{{1,3}})?"
            r"([\w.~+/-]{20,}+={0,2})"
        ),
        is_random,
    ),
    Shape(
        "login",
        ("curl",),
        any_case(rf"\bcurl\b[^\n]{{0,200}}?\s(?:-u|--user)\s{{1,3}}{QUOTE}?[^\s:\"']{{1,64}}:([^\s\"'\\]++)"),
        is_value,
    ),
    Shape(
        "cookie",
        ("cookie:",),
        any_case(r"\b(?:set-)?cookie:\s{0,3}([\w.-]{1,64}=[^\s\"'\\;]{8,}+[^\"'\\\n]*+)"),
    ),
    Shape(
        "card",
        (),
        re.compile(
            r"(?<![\w.#-])(?:\d{14,19}|\d{4}(?:[ \u00a0\u202f]\d{4}){3}(?:[ \u00a0\u202f]\d{3})?"
            r"|\d{4}-\d{4}-\d{4}-\d{4}(?:-\d{3})?|\d{4}\.\d{4}\.\d{4}\.\d{4}"
            r"|\d{4}[ \u00a0\u202f-]\d{6}[ \u00a0\u202f-]\d{4,5})(?!\w|[.-]\d)",
            re.ASCII,
        ),
        is_card_text,
    ),
)
