"""Secrets recognized by the file format or protocol they occur in."""

from __future__ import annotations

from typing import Final

from tocsin.redaction.shape import Shape, exact, shape
from tocsin.redaction.values import PLACEHOLDER, TO_VALUE

_LINE_OF_KEY: Final = r"[A-Za-z0-9+/]{8,}={0,2}(?:\s{1,20}|\\r\\n|\\n)?"
_WORD_OF_PHRASE: Final = r"[a-z]{3,8}[ ,]{1,2}"

FORMATS: Final[tuple[Shape, ...]] = (
    exact(
        "private key of PuTTY",
        "private-lines:",
        rf"Private-Lines:[ ]?\d{{1,4}}(?:\s{{1,4}}|\\r\\n|\\n)((?:{_LINE_OF_KEY}){{1,200}})",
    ),
    exact("seal of a PuTTY key", "private-mac:", r"Private-MAC:[ ]?([0-9a-f]{32,128})"),
    shape(
        "password in netrc",
        "login account",
        r"(?:login|account)\s{1,8}\S{1,80}\s{1,8}password\s{1,8}"
        rf"(?!(?:is|was|for|has|must|and|to|reset|incorrect|failed|authentication)\b|{PLACEHOLDER})(\S{{4,200}})",
    ),
    shape("key in an argument of Ceph", ":key=", r":key=([A-Za-z0-9+/\\]{16,}={0,2})"),
    exact(
        "hash of a password",
        "$apr1$ $1$ $8$ $9$ $md5 $sha1$ $pbkdf2",
        r"\$(?:apr1|1|8|9|md5|sha1|pbkdf2(?:-\w{1,10})?)[$,](?=[^\s:]{0,60}[A-Za-z])([A-Za-z0-9./$=,+]{12,200})",
    ),
    shape(
        "signature of a request",
        "signature",
        rf"""(?<=[\w-][_-])signature(?:-?\d{{1,3}})?{TO_VALUE}["']?
            ((?:(?:sha\d{{1,3}}|v\d|t|ts|keyid|hmac)[=,][\w+/=.-]{{1,200}}[,; ]{{0,2}}){{1,4}}
             |(?=[^\s]{{0,40}}\d)[A-Za-z0-9+/=_-]{{32,}})""",
    ),
    shape(
        "password with blanks",
        "password passwd passphrase authtok secret bindpw",
        r"""(?<=[_.-])(?:password|passwd|passphrase|authtok(?:en)?|secret|bindpw)[ \t]{1,8}=[ \t]{1,8}
            (?!(?:none|null|true|false)\b)(?=[A-Z0-9])
            ([^\s"'=;,#]{1,60}(?:[ ][^\s"'=;,#()]{1,60}){1,12})(?=\s*(?:[\r\n]|$))""",
    ),
    shape("password of a network device", "password secret", r"(?:password|secret)[ ][0579][ ](\S{8,120})"),
    shape(
        "community of SNMP",
        "community",
        r"community[ ](?:string[ ](?:is[ ])?)?[\"']?((?=\S{0,20}\d)[^\s\"']{6,64})",
    ),
    shape(
        "words of a wallet",
        "mnemonic phrase",
        rf"(?:mnemonic|(?:seed|recovery|backup|secret)?[ _-]?phrase)(?:[ ]?is)?[\"']?[ ]?[:=]?[ ]?[\"']?"
        rf"((?:{_WORD_OF_PHRASE}){{11,24}}[a-z]{{3,8}})",
    ),
    shape("personal access token", "_pat", r"(?<=[A-Z0-9])_PAT[\"']?[ ]?[=:][ ]?[\"']?([\w.~-]{12,200})"),
    exact(
        "token of Discord",
        ".",
        r"(?<=[A-Za-z0-9]{22})\.[A-Za-z0-9_-]{6}\.([A-Za-z0-9_-]{27,45})(?![A-Za-z0-9_.-])",
        r"(?<=[a-z0-9]{22}MARK)(?=[a-z0-9_-]{6}\.[a-z0-9_-]{27})",
    ),
    shape(
        "key of a routing",
        "routing",
        rf"(?:routing|service)[_-]?key{TO_VALUE}[\"']?((?=[a-z]{{0,40}}\d)[A-Za-z0-9]{{20,40}})(?![\w.])",
    ),
    shape("password of a server's settings", "masterauth", r"masterauth[ ]{1,4}[\"']?(\S{6,200})"),
    shape("word from a shell", "<<<", r"<<<[ ]?[\"']?((?=\S{0,40}\d)[^\s\"'$<]{8,200})"),
)
