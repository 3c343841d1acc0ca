"""How secrets look in text: one `Shape` for each way. Plain data.

A shape begins at one of its marks, fixed words that are quickly found, and is tried nowhere else. All of this
runs over lines that strangers write, so each pattern takes time in proportion to the text: what repeats is
bounded, or takes all it can and gives nothing back (`++`), and a value without its closing quote ends with
the line.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Final

MASK: Final = "[redacted]"


@dataclass(frozen=True, slots=True)
class Shape:
    """One way a secret looks. `pattern` is tried where one of `marks` stands in the lower-cased text; the
    last of its groups that took part is what nobody may read. Of two at one place, the earlier goes first.
    """

    name: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(name: str, marks: str, pattern: str) -> Shape:
    """`marks` apart by blanks; `pattern` is verbose and takes capitals for small letters."""
    return Shape(name, tuple(marks.split()), re.compile(pattern, re.VERBOSE | re.IGNORECASE))


def _exact(name: str, marks: str, pattern: str) -> Shape:
    """The same where capitals matter."""
    return Shape(name, tuple(marks.split()), re.compile(pattern, re.VERBOSE))


def _ending(words: str, joints: tuple[str, ...] = ("",), end: str = "") -> str:
    """Right behind one of `words`, a joint and `end`."""
    endings = [re.escape(word + joint + end) for word in words.split() for joint in joints]
    return "(?:" + "|".join(f"(?<={ending})" for ending in endings) + ")"


# A name is known by its last word: DB_PASSWORD, clientSecret, X-Api-Key, password2, token_hash.
_KEYS: Final = (
    "api access secret private signing encryption auth session account shared master license storage service "
    "deploy ssh client app application consumer subscription webhook integration admin fernet cipher crypto"
)
_LAST: Final = "".join(sorted({word[-1] for word in _KEYS.split()} - {"y"}))
_SHORT: Final = "db user root admin smtp mail pg ftp"
_NAME_MARKS: Final = "pass pwd secret token credential key sess connect.sid otp authorization _auth"
# Nothing of a name is given back: what follows it is looked for once.
_NAME: Final = rf"""(?P<name>(?>
    passw(?:or)?d | passphrase | pass(?:(?<![a-z]pass)|{_ending(_SHORT, end="pass")})
  | pwd(?:(?<![a-z]pwd)|{_ending(_SHORT, end="pwd")})
  | secret | token | credentials? | key(?<=[{_LAST}_-]key){_ending(_KEYS, ("", "_", "-"), "key")}(?:[_-]base)?
  | sess(?:ion)?[_-]?id | connect\.sid | (?<![a-z])otp | authorization | (?<![a-z0-9])_auth )
  (?>[_-]?(?:hash|value|base64|b64|raw|plain|confirm(?:ation)?|\d{{1,2}}(?!\d)))?)"""
_QUOTE: Final = r"""(?:\\{0,64}["'`]|\\{1,64}u002[27]|&quot;|&apos;|&\#(?:0?3[49]|x2[27]);)"""
_COLOUR: Final = r"(?:\x1b\[[0-9;]{0,12}m){0,4}+"
_BLANKS: Final = rf"[ \t]{{0,16}}+{_COLOUR}[ \t]{{0,16}}+"
# password="…, 'password', '…' (a pair), token => …, (token)=(…, password: | and a line below
_TO_VALUE: Final = rf"""
    {_COLOUR}{_QUOTE}?[\])]?{_BLANKS}
    (?: (?:=>|->|:=|={{1,3}}|:){_BLANKS}(?:[|>][+-]?[ \t]{{0,8}}\r?\n[ \t]{{1,40}})?[(\[]?
      | (?<=["'`\x20\t]),[ \t]{{0,8}}(?=b?{_QUOTE}) )"""
# Stands for a secret that is elsewhere, or says something about one.
_PLACEHOLDER: Final = r"""(?:\[?(?:redacted|filtered|hidden|masked|removed)\]? | \*{3,} | x{5,} | \.{3} | …
    | (?-i:\$\{?[A-Z_][A-Z0-9_]{2,}\}?) | \$\d | \{\{ | %s | %\( | \?(?=[\s,;)]|$) )"""
_SAID: Final = (
    "none null nil undefined true false yes no ok on off not is was set unset empty missing required invalid "
    "expired unknown denied accepted rejected revoked changed rotated renewed enabled disabled failed "
    "success default string str integer int number bool boolean bytes object optional any "
    "bearer basic digest token apikey negotiate ntlm"
)
_END: Final = r"""(?![\w!@#$%^*+/?~-])"""
_STOP: Final = r"(?=[\s,;)\]}]|$)"
# The name itself again, a placeholder, one of the words above, a call, a variable, a small number, a folder,
# and after a colon and a blank a word with another one behind it, which is a sentence.
_NOT_A_VALUE: Final = rf"""(?! (?P=name){_STOP}
    | {_PLACEHOLDER}(?![\w!@#$%^*+/~-])
    | (?:{"|".join(_SAID.split())}){_END}
    | (?-i:[a-z_]{{1,40}}[._])[a-z_.]{{0,60}}[(\[] | (?-i:[a-z]{{2,40}}\(\))
    | (?:some|just|secret(?:str|string|bytes|value)?)\(
    | (?-i:[a-z_]{{1,40}}\.)[a-z_.]{{0,60}}(?:password|passwd|secret|token|key)s?{_STOP}
    | \d{{1,3}}{_STOP} | (?<=pwd=)/
    | (?<=:[ \t])(?-i:[A-Z]?[a-z]+)[.,;:!?)]{{0,3}}[ \t]{{1,8}}[a-z("'] )"""
# What wraps a text in reprs, Some("…") and SecretStr('…'), and its opening quote.
_QUOTED: Final = rf"""(?:(?:some|just|secret(?:str|string|bytes|value)?)\((?:\w{{1,20}}=)?)?
    [bru]{{0,2}}(?P<quote>{_QUOTE})
    (?!(?:(?:[a-z-]{{1,20}}[ \t])?{_PLACEHOLDER}|none|null|true|false|\W{{1,3}})(?P=quote))"""
_TO_QUOTE: Final = r"(?:(?!(?P=quote))(?:\\.|[^\n]))++"
# Right behind a = brackets and the like are letters of a secret as well.
_BARE: Final = r"""(?:(?<==)(?![(){}\[\]|])[^\s"'`<>,;&\\\x1b]{3,}+|[^\s"'`<>,;&(){}\[\]|\\\x1b]{3,}+)"""

# Where a token with a short mark begins: not within a word, but right behind a colour, a \\n or a %3D.
_EDGE: Final = r"""(?:(?<![A-Za-z0-9_-])|(?<=\x1b\[\dm)|(?<=\x1b\[\d\dm)|(?<=\x1b\[\d;\d\dm)
    |(?<=\\[nrt])|(?<=%[0-9A-F]{2}))"""
_ISSUED: Final = rf"""(
    AKIA[A-Z0-9]{{16}} | ASIA[A-Z0-9]{{16}}                                  # Amazon
  | gh[pousr]_[A-Za-z0-9]{{30,}}+ | github_pat_[A-Za-z0-9_]{{22,}}+          # GitHub
  | gl(?:pat|ptt|dt|rt|cbt|soat|imt|oas|agent|ft)-[A-Za-z0-9_-]{{20,}}+    # GitLab
  | xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{{10,}}+ | xapp-[A-Za-z0-9-]{{10,}}+  # Slack
  | [sr]k_(?:live|test)_[A-Za-z0-9]{{16,}}+ | whsec_[A-Za-z0-9+/=]{{20,}}+   # Stripe
  | AIza[A-Za-z0-9_-]{{35}} | ya29\.[A-Za-z0-9_-]{{20,}}+ | GOCSPX-[A-Za-z0-9_-]{{20,}}+  # Google
  | npm_[A-Za-z0-9]{{30,}}+ | pypi-[A-Za-z0-9_-]{{50,}}+ | rubygems_[a-f0-9]{{40,}}+
  | dckr_pat_[A-Za-z0-9_-]{{20,}}+ | dop_v1_[a-f0-9]{{40,}}+ | shp(?:at|ss|ca|pa)_[a-fA-F0-9]{{32}}
  | {_EDGE}SK[a-f0-9]{{32}}(?![a-f0-9])                           # Twilio
  | SG\.[A-Za-z0-9_-]{{16,}}+\.[A-Za-z0-9_-]{{16,}}+                         # SendGrid
  | {_EDGE}sk-(?:ant-|proj-|svcacct-|or-)[A-Za-z0-9_-]{{20,}}+  # Anthropic, OpenAI
  | {_EDGE}sk-[A-Za-z0-9]{{32,}}+
  | {_EDGE}hf_[A-Za-z0-9]{{30,}}+ | hv[sb]\.[A-Za-z0-9_-]{{24,}}+ | gls[ai]_[A-Za-z0-9_]{{20,}}+
  | tcs_[A-Za-z0-9]{{4,32}}_[A-Za-z0-9_-]{{8,}}+                             # our own
  | (?<=\d{{8}}):AA[A-Za-z0-9_-]{{32,}}+  # Telegram
  | {_EDGE}eyJ[A-Za-z0-9_-]{{8,}}+(?:\.[A-Za-z0-9_-]{{4,}}+){{1,4}}+ # JSON Web Tokens
)"""
_MIXED: Final = r"(?=[\w.~/-]{0,40}(?:[0-9=]|(?-i:[a-z][A-Z])))"
_PADDING: Final = r"(?:={1,2}|%3d){0,2}(?![\w=])"
_ISSUED_MARKS: Final = (
    "akia asia ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- glptt- gldt- glrt- glcbt- glsoat- glimt- "
    "gloas- glagent- glft- xoxa- xoxb- xoxe xoxo- xoxp- xoxr- xoxs- xapp- sk_live_ sk_test_ rk_live_ "
    "rk_test_ whsec_ aiza ya29. gocspx- npm_ pypi- rubygems_ dckr_pat_ dop_v1_ shpat_ shpss_ shpca_ "
    "shppa_ sk- sk0 sk1 sk2 sk3 sk4 sk5 sk6 sk7 sk8 sk9 ska skb skc skd ske skf sg. hf_ hvs. hvb. "
    "glsa_ glsi_ tcs_ :aa eyj"
)
_OPTIONS: Final = "password passwd pass passphrase token secret api-key access-key secret-key private-key"
_NOT_AN_OPTION: Final = "and or to in for from with must may can cannot has option flag given instead"
_IN_QUERIES: Final = "key code sig signature x-amz-signature x-goog-signature auth sid jwt"
# Most names stand in sentences; the rest of the pattern need not be tried there.
_NOT_PROSE: Final = r"""(?=\s{0,40}(?:[=:%,>|"'`\\&\])\x1bv-]|[\w:.-]{1,40}=["'][^<>]{0,200}+>))"""
# What may stand between a name and its value; each ends with the value as its last group.
_UNDER: Final = rf"{_TO_VALUE}(?:{_QUOTED})?((?(quote){_TO_QUOTE}|{_NOT_A_VALUE}{_BARE}))"
_ENCODED: Final = r"""(?:%5c){0,8}(?:%22|%27)?%3[ad](?:%20|\+){0,4}(?:%5c){0,8}(?:%22|%27)?
    ((?:(?!%2[267c]|%7d|%0[ad]|%3b|%5c)[^\s"'`<>,;&]){3,}+)"""
_BESIDE: Final = rf"""{_QUOTE}?[\s,]{{1,40}}{_QUOTE}?value{_QUOTE}?[ \t]{{0,8}}[=:][ \t]{{0,8}}
    (?P<mark>{_QUOTE})?((?(mark)(?:(?!(?P=mark))(?:\\.|[^\n]))++|{_BARE}))"""
_FIELD: Final = rf"{_QUOTE}(?:\r?\n|\\r\\n){{2}}((?:(?!\\r)[^\r\n])++)"
_ELEMENT: Final = r"""(?:\s{1,40}[\w:.-]{1,40}=["'][^<>]{0,200}+)?>([^<>\[][^<>]*+)(?=</)"""

SHAPES: Final[tuple[Shape, ...]] = (
    _exact(
        "private key",
        "-----begin",
        r"""-----BEGIN\ [A-Z0-9 ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----((?:[^-]|-(?!----))++)""",
    ),
    _exact(
        "secret of Amazon's beside its key",
        "akia asia",
        r"(A(?:KI|SI)A[A-Z0-9]{16}[\s:,;/|]{1,8}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+]))",
    ),
    _exact("token with its issuer's mark", _ISSUED_MARKS, _ISSUED),
    _shape("password in an address", "://", r"""://[^\s:/@"'<>]{0,256}:([^\s/"'<>]{1,512})@"""),
    _shape("token in an address", "://", r"""://([^\s:/@"'<>]{20,512})@"""),
    _shape(
        "password in an encoded address",
        "%3a%2f%2f",
        r"%3a%2f%2f(?:(?!%3a|%2f)[^\s&]){0,60}+%3a((?:(?!%40|%2f)[^\s&\"'<>]){1,120}+)%40",
    ),
    _shape(
        "address that lets in whoever has it",
        "/sign-in/ /webhooks/ hooks.slack.com/ webhook.office.com/",
        r"""(?:/sign-in/(?:once/|link/)?|/webhooks/[a-z0-9_-]{1,64}/
            |hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z0-9]{1,32}/[A-Z0-9]{1,32}/(?:[0-9]{1,32}/)?
            |webhook\.office\.com/webhookb2/)([A-Za-z0-9_@/-]{16,}+)""",
    ),
    _shape(
        "key in a query",
        " ".join(f"{lead}{name}=" for lead in "?&;#" for name in _IN_QUERIES.split()),
        r"""[?&;\#][\w-]{1,20}=([^\s&"'<>\#]{8,}+)""",
    ),
    _shape(
        "authorization",
        "authorization",
        rf"""authorization{_TO_VALUE}b?{_QUOTE}?(?:
            (?:bearer|basic|token|api-?key|key|bot|geniekey|negotiate|ntlm)(?:[ \t]|%20|\+){{1,4}}
            (?!{_PLACEHOLDER})([^\s"'\\,&\])}}]{{4,}}+)
          | (?:digest|hawk|signature|aws4-hmac-sha256)[ \t]{{1,4}}([^\n]++) )""",
    ),
    _shape(
        "user and password in a client's settings",
        "auth",
        rf"auth{_QUOTE}[ \t]{{0,8}}:[ \t]{{0,8}}{_QUOTE}([A-Za-z0-9+/_=-]{{16,}}+)",
    ),
    _shape(
        "bearer and basic",
        "bearer basic",
        # Where a + stands for a blank it ends the value, too: or each would be a beginning of the whole rest.
        rf"""\b(?:bearer|basic)(?:(?:[ \t]|%20){{1,4}}{_MIXED}([\w.~+/-]{{8,}}+{_PADDING})
            |\+{{1,4}}{_MIXED}([\w.~/-]{{8,}}+{_PADDING}))""",
    ),
    _shape(
        "cookies",
        "cookie",
        rf"""cookie2?{_TO_VALUE}b?{_QUOTE}?(?=[^\s"';=]{{1,80}}=)([^\r\n"'\\]++)""",
    ),
    _shape(
        "value that goes by a name",
        _NAME_MARKS,
        rf"{_NAME}{_NOT_PROSE}(?:{_BESIDE}|{_UNDER}|{_ENCODED}|{_FIELD}|{_ELEMENT})",
    ),
    _shape(
        "password in SQL",
        "pass identified",
        rf"""(?:password|identified(?:\s{{1,8}}with\s{{1,8}}\w{{1,40}})?\s{{1,8}}by)\s{{1,8}}
            (?P<quote>{_QUOTE})({_TO_QUOTE})""",
    ),
    _shape(
        "option of a command",
        " ".join(f"--{letter}" for letter in string.ascii_lowercase),
        rf"""(?P<name>--[a-z][\w-]{{0,30}}+)(?=[ \t]){_ending(_OPTIONS)}[ \t]{{1,8}}["']?
            (?!-(?:-|\w[\s-]) | (?:{"|".join(_NOT_AN_OPTION.split())}){_END})
            {_NOT_A_VALUE}({_BARE})""",
    ),
    _shape(
        "user and password of a command",
        "-u --user --proxy-user",
        r"""(?<![\w-])(?:-u[ \t]?|--(?:proxy-)?user[ \t=])["']?(?!\d+:\d+(?!\w))[^\s:"']{1,64}:([^\s"']++)""",
    ),
    _shape(
        "short option of a client",
        "mysql mariadb redis-cli sshpass",
        r"""(?:(?:mysql|mariadb)[\w-]{0,20}[ \t](?:[^\n]{0,100}?[ \t])?-p
            |redis-cli[ \t](?:[^\n]{0,100}?[ \t])?-a[ \t]{1,4}|sshpass[ \t]{1,4}-p[ \t]{0,4})["']?
            ([^\s"'-][^\s"']*+)""",
    ),
)
