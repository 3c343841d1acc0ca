"""Tokens with the prefix of their issuer, and private keys."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from tocsin.redaction.shape import Shape, exact
from tocsin.redaction.values import WORDS

# Where a token with a short mark begins: not within a word, but right after a colour, a \\n or a %3D.
_EDGE: Final = r"""(?:(?<![A-Za-z0-9_-])|(?<=\x1b\[\dm)|(?<=\x1b\[\d\dm)|(?<=\x1b\[\d;\d\dm)
    |(?<=\\[nrt])|(?<=%[0-9A-F]{2}))"""
# Each mark is followed by twenty characters or more with a digit or a capital among them. Most marks end in
# an underscore and are searched for from there: each distinct first letter of a mark costs time at every
# letter of a line.
_BEFORE_UNDERSCORES: Final = (
    "dckr_pat_ dckr_oat_ lin_api_ lin_oauth_ ntn_ pscale_tkn_ pscale_pw_ pscale_oauth_ sntrys_ sntryu_ "
    "sntrya_ figd_ sb_secret_ sbp_ bkua_ CCIPAT_ CCIPRJ_ pcsk_ lsv2_pt_ lsv2_sk_ gsk_ r8_ hf_ api_org_ "
    "apify_api_ phx_ rnd_ tfp_ shippo_live_ shippo_test_ duffel_live_ duffel_test_ sgp_ glc_ glsa_ glsi_ "
    "rdme_ hcaik_ hcbik_ mdb_sa_sk_ pnu_ ddp_ napi_ CLOJARS_ fm1_ fm2_ fo1_ nfp_ vcp_ sqp_ squ_ sqa_ "
    "dop_v1_ doo_v1_ dor_v1_ rubygems_ shpat_ shpss_ shpca_ shppa_"
)
_OTHER_MARKS: Final = (
    "gloas- glagent- glffct- ya29. GOCSPX- hvs. hvb. hvr. PMAK- NRAK- NRII- NRJS- sq0atp- sq0csp- ATATT3x "
    "ATCTT3x ATBB ATTA pplx- nvapi- tvly- xai- csk- HRKU- ops_ey EZAK EZTK FLWSECK CFPAT- xkeysib- "
    "xsmtpsib- dt0c01. dt0s01. tskey- dapi pul- AGE-SECRET-KEY-1 pat-na1- pat-eu1- access-production- "
    "access-sandbox- ABSK"
)
_MIXED: Final = r"(?=[^\s\d]{0,40}+\d|[^\sA-Z]{0,16}+[A-Z])"
_TAIL: Final = rf"{_MIXED}(?!{WORDS})[A-Za-z0-9_-]{{20,}}+(?:[.=][A-Za-z0-9_=-]{{4,}}+)?"
_OTHERS: Final = (
    ("akia asia", r"A(?:KI|SI)A[A-Z0-9]{16}"),  # Amazon
    ("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{22,}+"),
    (
        "glpat- glptt- gldt- glrt- glcbt- glsoat- glimt- glft-",
        r"gl(?:pat|ptt|dt|rt|cbt|soat|imt|ft)-[A-Za-z0-9_.-]{20,}+",
    ),
    ("xoxa- xoxb- xoxe xoxo- xoxp- xoxr- xoxs-", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}+"),  # Slack
    ("npm_ pypi-", r"npm_[A-Za-z0-9]{30,}+|pypi-[A-Za-z0-9_-]{50,}+"),
    ("xapp-", r"xapp-[A-Za-z0-9-]{10,}+"),
    ("sk_live_ sk_test_ rk_live_ rk_test_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}+"),  # Stripe
    ("whsec_", r"whsec_[A-Za-z0-9+/=]{20,}+"),
    ("aiza", r"AIza[A-Za-z0-9_-]{35}"),  # Google
    (  # Twilio
        "sk0 sk1 sk2 sk3 sk4 sk5 sk6 sk7 sk8 sk9 ska skb skc skd ske skf",
        rf"{_EDGE}SK[a-f0-9]{{32}}(?![a-f0-9])",
    ),
    ("sg.", r"SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+"),  # SendGrid
    # OpenAI and many more
    ("sk-", rf"{_EDGE}sk-(?:[a-z]{{2,8}}[0-9]?-[A-Za-z0-9_-]{{20,}}+|[A-Za-z0-9]{{32,}}+)"),
    ("tcs_", r"tcs_[A-Za-z0-9]{4,32}_[A-Za-z0-9_-]{8,}+"),  # Tocsin's own
    (":aa", r"(?<=\d{8}):AA[A-Za-z0-9_-]{32,}+"),  # Telegram
    (":apa91b", r":APA91b[A-Za-z0-9_-]{60,}+"),  # Firebase
    ("eyj", rf"{_EDGE}eyJ[A-Za-z0-9_-]{{8,}}+(?:\.[A-Za-z0-9_-]{{4,}}+){{1,4}}+"),  # JSON Web Tokens
    ("atlasv1.", r"(?<=\.)atlasv1\.[A-Za-z0-9_-]{40,}+"),  # Terraform
    # Doppler
    ("dp.", rf"{_EDGE}dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{{1,35}}\.)?[A-Za-z0-9]{{40,}}+"),
    ("pat", rf"{_EDGE}pat[A-Za-z0-9]{{14}}\.[a-f0-9]{{64}}"),  # Airtable
    ("key-", rf"{_EDGE}key-[a-f0-9]{{32}}(?![a-f0-9])"),  # Mailgun
    ("q~", r"(?<=\w{3}8)Q~[A-Za-z0-9_.~-]{31,}+"),  # Microsoft Entra
    ("ltai", rf"{_EDGE}LTAI[A-Za-z0-9]{{16,}}+(?![\w-])"),  # Alibaba
    ("sl.", rf"{_EDGE}sl\.(?:u\.)?[A-Za-z0-9_-]{{100,}}+"),  # Dropbox
    ("eaa", rf"{_EDGE}EAA[A-Za-z0-9_-]{{50,}}+"),  # Meta, Square
    ("//0", r"(?<=1)//0[A-Za-z0-9_-]{40,}+"),  # Google refresh tokens
    ("access_token$", r"access_token\$(?:production|sandbox)\$[a-z0-9A-Z]{12,}+\$[a-f0-9]{32}"),  # PayPal
    ("exponentpushtoken[", r"ExponentPushToken\[[A-Za-z0-9_-]{16,}+"),
    ("/3/device/", r"/3/device/[a-f0-9]{32,}+"),  # Apple
    # Hashes of passwords: of OpenLDAP, crypt(3), Argon2, Django and PostgreSQL.
    ("ssha} ssha256} ssha512}", r"(?<=\{)S?SHA(?:256|512)?\}[A-Za-z0-9+/=]{24,}+"),
    ("$2a$ $2b$ $2y$ $argon2 $5$ $6$ $y$", r"\$(?:2[aby]|argon2(?:id|i|d)|5|6|y)\$[A-Za-z0-9./$=,+-]{20,}+"),
    ("pbkdf2_ scram-sha-256$", r"(?:pbkdf2_sha\d{1,3}|SCRAM-SHA-256)\$\d{1,8}[$:][A-Za-z0-9+/=$:]{20,}+"),
    ("secret_", rf"{_EDGE}secret_[A-Za-z0-9]{{40,}}+"),  # Notion
)  # fmt: skip
_NAMES: Final = {
    "eyj": "jwt",
    "akia asia": "aws key",
    "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_": "github token",
    "xoxa- xoxb- xoxe xoxo- xoxp- xoxr- xoxs-": "slack token",
    "sk_live_ sk_test_ rk_live_ rk_test_": "stripe key",
    "tcs_": "tocsin token",
    "$2a$ $2b$ $2y$ $argon2 $5$ $6$ $y$": "hash of a password",
}
_SHORT_WORD: Final = "(?:" + "|".join(rf"(?<=[^A-Za-z0-9][a-z][a-z0-9]{{{n}}}_)" for n in range(1, 9)) + ")"


# Of an issuer not listed: app_…, svc2_…: a short word, and then letters, capitals and digits in random order.
_UNKNOWN: Final = rf"""(?=[A-Za-z0-9]{{30}}){_SHORT_WORD}((?=[^\W_A-Z]{{0,29}}+[A-Z])
    (?=[^\W_a-z]{{0,29}}+[a-z])(?=[^\W_\d]{{0,29}}+\d)[A-Za-z0-9]{{30,}}+)(?![\w-])"""


def _behind_an_underscore() -> str:
    """Return a tail: a mark is searched for by its last letters, one of five, before all of it."""
    marks = sorted(_BEFORE_UNDERSCORES.split(), key=lambda mark: mark[-2])
    ways = [
        (last, f"(?<={last}_)(?:{'|'.join(rf'(?<={mark})(?<![A-Za-z0-9]{mark})' for mark in group)})")
        for last, group in groupby(marks, key=lambda mark: mark[-2])
    ]
    some = [ways[at : at + 5] for at in range(0, len(ways), 5)]
    any_of = (f"(?<=[{''.join(x for x, _ in few)}]_)(?:{'|'.join(way for _, way in few)})" for few in some)
    return rf"(?>{'|'.join(any_of)})({_TAIL})"


def _of_an_issuer() -> tuple[Shape, ...]:
    marked = (
        exact("token", mark.lower(), rf"({_EDGE}{re.escape(mark)}{_TAIL})") for mark in _OTHER_MARKS.split()
    )
    others = (exact(_NAMES.get(marks, "token"), marks, f"({pattern})") for marks, pattern in _OTHERS)
    return (
        *others,
        *marked,
        exact(
            "token",
            "_",
            rf"_(?:{_behind_an_underscore()}|{_UNKNOWN})",
            # Four short words in a row, each followed by an underscore, are a name and no token.
            "(?<=[a-z0-9]{2}_)(?=[a-z0-9_-]{20})(?!(?:[a-z]{1,8}+_){4})",
        ),
    )


ISSUED: Final[tuple[Shape, ...]] = (
    exact(
        "private key",
        "-----begin",
        r"""-----BEGIN\ [A-Z0-9 ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----((?:[^-]|-(?!----))++)""",
    ),
    exact(
        "secret of Amazon's beside its key",
        "akia asia",
        r"(A(?:KI|SI)A[A-Z0-9]{16}[\s:,;/|]{1,8}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+]))",
    ),
    *_of_an_issuer(),
)
