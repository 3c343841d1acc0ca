"""Secrets in commands and in SQL statements."""

from __future__ import annotations

import string
from typing import Final

from tocsin.redaction.shape import Shape, ending, exact, shape
from tocsin.redaction.values import BARE, END, FITS, NOT_A_VALUE, QUOTE, TO_QUOTE, WORD

_OPTIONS: Final = (
    "password passwd pass passphrase token secret api-key access-key secret-key private-key auth-key "
    "license-key bearer cookie"
)
_NOT_AN_OPTION: Final = "and or to in for from with must may can cannot has option flag given instead"
_UP_TO: Final = r"[ \t](?:[^\n]{0,100}?[ \t])?"
# The same if a dash follows; without any, the end is not searched for at each blank.
_UP_TO_DASH: Final = rf"(?=[^\n-]{{0,101}}+-){_UP_TO}"
_NO_WORD: Final = r"(?!(?:ath|assThru|roperty|roject|rofile)\b)"  # -Path is not -P
# Not within a word, nor after another dash.
_APART: Final = r"(?<![\w-]MARK)"
_LOGINS: Final = "docker|podman|nerdctl|oras|skopeo|buildah|az|oc|argocd|helm[ ]registry|crane[ ]auth"
# Each client with the option letter of its password.
_CLIENTS: Final = rf"""(?:
    (?:mysql|mariadb)[\w-]{{0,20}}{_UP_TO_DASH}-p
  | (?:redis|valkey)-cli{_UP_TO_DASH}-a[ \t]{{1,4}} | sshpass[ \t]{{1,4}}-p[ \t]{{0,4}}
  | mongo[a-z]{{0,10}}{_UP_TO_DASH}-p[ \t]{{1,4}}
  | (?:{_LOGINS})[ ]login{_UP_TO_DASH}-p[ \t]{{1,4}}
  | (?:cqlsh|rabbitmqadmin|influx){_UP_TO_DASH}-p[ \t]{{1,4}}
  | (?:sqlcmd|bcp|isql|ipmitool|mosquitto_(?:pub|sub)){_UP_TO_DASH}-P{_NO_WORD}[ \t]{{0,4}}
  | zip{_UP_TO_DASH}-P{_NO_WORD}[ \t]{{0,4}}
  | ldap(?:search|add|modify|delete|passwd|whoami|compare){_UP_TO_DASH}-w[ \t]{{0,4}}
  | snmp[a-z]{{2,10}}{_UP_TO_DASH}-[AX][ \t]{{0,4}}
  | curl{_UP_TO_DASH}(?:-b|--cookie)[ \t]{{0,4}}(?=["']?[\w.-]{{1,80}}=)
  | htpasswd[ \t]{{1,4}}-\w{{0,4}}b\w{{0,4}}[ \t]{{1,4}}\S{{1,200}}[ \t]{{1,4}}\S{{1,80}}[ \t]{{1,4}}
  | (?:sqlplus|rman|impdp|expdp|sqlldr){_UP_TO}\w{{1,40}}/(?=\S{{1,80}}@)
  | rabbitmqctl[ \t](?:add_user|change_password|authenticate_user)[ \t]{{1,4}}\S{{1,80}}[ \t]{{1,4}}
  | psexec(?:64)?{_UP_TO_DASH}-p[ \t]{{1,4}} | net[ ]user[ ]\S{{1,80}}[ ](?=[^\s/]{{6}})
  | openssl{_UP_TO_DASH}-[kK][ \t]{{1,4}} | wg[ ]set{_UP_TO}(?:private|preshared)-key[ \t]<\(echo[ ]
  | vault[ \t]login[ \t]{{1,4}}(?=[\w.-]{{16,}}) )"""
_CLIENT_MARKS: Final = (
    "mysql mariadb redis-cli valkey-cli sshp mongo cqlsh rabbitmqadmin influx sqlcmd ipmitool mosquitto_ "
    "snmp curl htpasswd sqlplus sqlldr impdp expdp ldapsearch ldapadd ldapmodify ldapdelete ldappasswd "
    "ldapwhoami ldapcompare"
)
_MARKS: Final = (
    *(f"{client} login" for client in _LOGINS.replace("[ ]", " ").split("|")),
    *_CLIENT_MARKS.split(),
    *(
        "bcp ",
        "isql ",
        "zip ",
        "rman ",
        "psexec",
        "net us",
        "vault login",
        "openssl",
        "wg set",
        "rabbitmqctl ",
    ),
)
_SINGLE: Final = (
    "storepass keypass srcstorepass deststorepass password passwd passphrase pass token secret apikey"
)
_LISTED: Final = r"""(?:'(?:[^'\n\\]|\\.|''){0,2000}+')"""

COMMANDS: Final[tuple[Shape, ...]] = (
    shape(
        "password in SQL",
        "password identified",
        rf"""(?:password|identified(?:\s{{1,8}}with\s{{1,8}}\w{{1,40}})?\s{{1,8}}by)(?:\s{{1,8}}|[ ]?\()
            n?(?P<quote>{QUOTE})({TO_QUOTE})""",
    ),
    shape(
        "row of a table that holds secrets",
        "insert",
        rf"""insert\s{{1,8}}into\s{{1,8}}[^\s(]{{1,80}}\s{{0,8}}
            \((?=[^()\n]{{0,400}}?(?:passw|pwd|secret|token(?!s?_(?:count|type|name|limit|used|expires|version))|api_?key|credential))[^()\n]{{0,500}}\)\s{{0,8}}
            values\s{{0,8}}\([^\n']{{0,200}}({_LISTED}(?:[ ,\w().-]{{0,80}}{_LISTED}){{0,40}}+)""",
    ),
    shape("text to be hashed in SQL", "crypt(", rf"crypt\([ ]?n?(?P<quote>{QUOTE})({TO_QUOTE})"),
    exact(
        "arguments of a driver",
        "pdo->__construct( mysqli-> mysqli_connect( pg_connect( ldap_bind(",
        r"""(?:PDO->__construct|mysqli->\w{1,20}|mysqli_connect|ldap_bind)\(
            (?:'[^'\n]{0,200}'|[^',\n]{1,80}),[ ](?:'[^'\n]{0,200}'),[ ]'([^'\n]{1,200})'""",
    ),
    shape(
        "option of a command",
        " ".join(f"--{letter}" for letter in string.ascii_lowercase),
        rf"""(?P<name>--[a-z][\w-]{{0,30}}+)(?=(?>["']?,?[ \t]{{1,8}}["']?)(?!--)){ending(_OPTIONS)}
            (?>["']?,?[ \t]{{1,8}}(?:a\d{{1,3}}=)?["']?)
            (?!-(?:-|\w[\s-]) | (?:{"|".join(_NOT_AN_OPTION.split())}){END})
            {FITS}{NOT_A_VALUE}({BARE})""",
    ),
    shape(
        "option with one dash",
        " ".join(f"-{word}" for word in _SINGLE.split()),
        rf"""(?<![\w-])(?P<name>-[a-z]{{4,16}})(?=[ \t]{{1,8}}(?!-)){ending(_SINGLE)}[ \t]{{1,8}}["']?
            (?!- | (?:pass|env|file|stdin|fd):) {NOT_A_VALUE}({BARE})""",
        _APART,
    ),
    shape(
        "user and password of a command",
        "-u --user --proxy-user --creds --src-creds --dest-creds",
        rf"""(?<![\w-])(?:-u[ \t]?
            |--(?:(?:proxy-)?user|(?:(?:src|dest)-)?creds)[ \t=])["']?
            (?!\d+:\d+(?!\w))[^\s:"']{{1,64}}+:({WORD}++)""",
        _APART,
    ),
    shape(
        "user and password by a percent sign",
        "-u",
        rf"""(?<![\w-])-U[ \t]?["']?[\w\\.-]{{1,64}}+%({WORD}++)""",
        _APART,
    ),
    shape(
        "user of a share",
        "/user:",
        rf"""(?<=[ \t])/user:[^\s]{{1,80}}+[ \t]{{1,4}}((?![/-]){WORD}{{6,200}}+)""",
    ),
    exact("short option of a client", _MARKS, rf"""(?<![\w-]){_CLIENTS}["']?((?!-){WORD}++)"""),
    exact(
        "commands to Redis",
        ('auth" "', "acl setu"),
        r"""(?:(?<=")AUTH"(?:[ ]"[^"\n]{0,80}")?[ ]"([^"\n]{1,200})"(?!\[ ]")
        |ACL[ ]SETUSER[ ][^\n]{0,120}?[ ]>([^\s"\\]{1,200}))""",
    ),
    shape(
        "text PowerShell is to hide",
        "convertto-securestring",
        rf"ConvertTo-SecureString[ ](?:-String[ ])?(?P<quote>{QUOTE})({TO_QUOTE})",
    ),
    shape("secret a pipeline is to mask", "add-mask::", rf"add-mask::({WORD}{{3,}}+)"),
    exact(
        "sign-in by SASL",
        "plain login xoauth2",
        r"""(?:(?<=AUTH[ ])|(?<=AUTHENTICATE[ ]))(?:PLAIN|LOGIN|XOAUTH2)[ ]
            ([A-Za-z0-9+/]{12,}+={0,2})(?=\s|\\|$)""",
    ),
    exact(
        "sign-in of a mail program",
        "login",
        r"""(?<=\w[ ])LOGIN[ ]["']?[\w.@-]{1,64}["']?[ ]
            ["']?((?=[^\s]{0,40}\d)[^\s"']{6,200})["']?(?=\s*+$|\r|\n|\\)""",
    ),
    shape(
        "sign-in that a server of RADIUS refused",
        "login",
        r"login[ ](?:incorrect|ok)[^\n\[]{0,80}\[[^\]/\n]{1,64}/([^\]\[<\n]{4,200})\]",
    ),
    exact("user and password of Oracle", "connect", r"""CONNECT[ ][\w.$\#-]{1,64}/([^\s@/"']{1,128})@"""),
    shape(
        "password through a pipe",
        "echo printf",
        r"""(?:echo|printf)[ \t]{1,4}(?:-n[ \t])?["']?([^\s"'|$-][^\s"'|]{5,400}+)["']?[ \t]{0,4}\|
            [^|\n]{0,200}?(?:-stdin|passwd|[ ]-S[ ]|login|kinit|gpg|cryptsetup)""",
    ),
)
