"""Hard secrets: escaped, encoded, in reprs, colours and commands, over several lines. The rules were written by them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from tests.runtime.redaction.chance import ALNUM, Chance, basic
from tests.runtime.redaction.first_plain import NAMES
from tests.runtime.redaction.shapes import Made, Maker


def _nested_json(c: Chance) -> Made:
    secret = c.text(ALNUM + "!#%*_+.?-", 16) + "7"
    inner = json.dumps({"user": c.user(), c.choice(NAMES): secret})
    for _ in range(c.randrange(1, 3)):
        inner = json.dumps({"event": "http", "body": inner})
    return inner, (secret,)


def _url_encoded(c: Chance) -> Made:
    secret = c.text(ALNUM + "-_.", 18)
    inner = c.choice([f"user={c.user()}&password={secret}", json.dumps({"token": secret, "n": 1})])
    return f"{c.head()}POST /login body={quote(inner, safe='')} 200", (secret,)


def _traceback(c: Chance) -> Made:
    secret = c.password()
    return (
        f'Traceback (most recent call last):\n  File "/app/db.py", line 41, in connect\n'
        f"    return driver.connect(host, password={secret!r})\nOperationalError: timeout expired"
    ), (secret,)


def _repr(c: Chance) -> Made:
    secret = c.password()
    return (
        f"{c.head()}Settings(host='{c.host()}', {c.choice(['db_password', 'api_key', 'token'])}={secret!r}, debug=False)",
        (secret,),
    )


def _dict_repr(c: Chance) -> Made:
    secret = c.password()
    return f"{c.head()}got { ({'user': c.user(), c.choice(NAMES): secret, 'n': 3})!r}", (secret,)


def _pairs(c: Chance) -> Made:
    secret = c.token()
    return (
        f"{c.head()}headers [(b'host', b'x'), (b'authorization', b'Bearer {secret}'), (b'accept', b'*/*')]",
        (secret,),
    )


def _many_lines(c: Chance) -> Made:
    first, second = c.password(), c.token()
    return f"environment:\n  HOME=/root\n  DB_PASSWORD={first}\n  API_TOKEN={second}\n  TZ=UTC\n", (
        first,
        second,
    )


def _wrapped_basic(c: Chance) -> Made:
    secret = basic(c.user(), c.password())
    return f"{c.head()}{c.choice(['headers={', 'map['])}authorization:Basic {secret} accept:*/*", (secret,)


def _bare_issued(c: Chance) -> Made:
    secret = c.issued()
    return c.choice(
        [f"<{secret}>", f"[{secret}]", f"stdin:1:{secret}", f"x={secret};", f"'{secret}',", f"({secret})"]
    ), (secret,)


def _odd_separator(c: Chance) -> Made:
    secret = c.password()
    return (
        f"{c.head()}{c.choice(['password', 'secret', 'api_key', 'token'])}{c.choice([' => ', ' := ', ' = ', '  :  ', '->'])}{secret}",
        (secret,),
    )


def _quotes(c: Chance) -> Made:
    secret = c.text(ALNUM + " !@#,;&()", 18) + "x1"
    mark = c.choice(['"', "'", "`"])
    return f"{c.head()}{c.choice(NAMES)}{c.choice(['=', ': ', ' = '])}{mark}{secret}{mark} ok", (secret,)


def _ansi(c: Chance) -> Made:
    secret = c.password()
    return (
        f"\x1b[2m{c.stamp()}\x1b[0m [\x1b[32minfo\x1b[0m] login \x1b[36m{c.choice(['password', 'api_key', 'token'])}\x1b[0m=\x1b[35m{secret}\x1b[0m \x1b[36mn\x1b[0m=1",
        (secret,),
    )


def _spaced(c: Chance) -> Made:
    secret = c.password()
    return f"{c.head()}user = {c.user()} password = {secret} retries = 3", (secret,)


def _yaml(c: Chance) -> Made:
    secret = c.password()
    return (
        f"database:\n  host: {c.host()}\n  {c.choice(NAMES)}: {c.choice(['{}', '{!r}']).format(secret)}\n  pool: 5\n",
        (secret,),
    )


def _toml(c: Chance) -> Made:
    secret = c.text(ALNUM + "!#%*_+.-", 20) + "1"
    return f'[auth]\nuser = "{c.user()}"\n{c.choice(NAMES)} = "{secret}"\ntimeout = 5', (secret,)


def _option(c: Chance) -> Made:
    secret = c.password()
    return (
        f"{c.head()}exec: deployer {c.choice(['--password', '--token', '--api-key', '--client-secret'])}{c.choice([' ', '='])}{secret} --verbose",
        (secret,),
    )


def _mysql(c: Chance) -> Made:
    secret = c.text(ALNUM, 12)
    return f"$ {c.choice(['mysql', 'mysqldump'])} -h {c.host()} -u {c.user()} -p{secret} main", (secret,)


def _curl(c: Chance) -> Made:
    secret = c.text(ALNUM + "!%_.-", 14) + "9"
    return f"+ curl -sS {c.choice(['-u ', '--user ', '-u'])}{c.user()}:{secret} https://api.example.org/v1", (
        secret,
    )


def _curl_header(c: Chance) -> Made:
    secret = c.token()
    return (
        f"+ curl -H 'Authorization: {c.choice(['Bearer', 'token', 'ApiKey'])} {secret}' -X POST https://api.example.org",
        (secret,),
    )


def _xml(c: Chance) -> Made:
    secret = c.text(ALNUM + "!#%*_.-", 14) + "3"
    return f"<request><user>{c.user()}</user><password>{secret}</password></request>", (secret,)


def _name_value(c: Chance) -> Made:
    secret = c.password()
    return json.dumps({"env": [{"name": "DB_PASSWORD", "value": secret}, {"name": "TZ", "value": "UTC"}]}), (
        secret,
    )


def _sql(c: Chance) -> Made:
    secret = c.text(ALNUM + "!#%*_.-", 14) + "3"
    return f"STATEMENT:  {c.choice(['ALTER', 'CREATE'])} ROLE {c.user()} WITH LOGIN PASSWORD '{secret}';", (
        secret,
    )


def _key_detail(c: Chance) -> Made:
    secret = c.token()
    return f"DETAIL:  Key (token)=({secret}) already exists.", (secret,)


def _html_escaped(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_.-", 16) + "3"
    return f"body={{&quot;user&quot;:&quot;{c.user()}&quot;,&quot;password&quot;:&quot;{secret}&quot;}}", (
        secret,
    )


def _json_pem(c: Chance) -> Made:
    text = c.pem("PRIVATE KEY")
    return json.dumps({"type": "service_account", "key_data": text}), tuple(text.splitlines()[1:-1])


def _go_struct(c: Chance) -> Made:
    secret = c.token()
    return f"{c.head()}config: &{{Host:{c.host()} Password:{secret} Retries:3}}", (secret,)


HARD: Final[Sequence[Maker]] = (
    _nested_json, _url_encoded, _traceback, _repr, _dict_repr, _pairs, _many_lines, _wrapped_basic, _bare_issued,
    _bare_issued, _odd_separator, _quotes, _ansi, _spaced, _yaml, _toml, _option, _mysql, _curl, _curl_header,
    _xml, _name_value, _sql, _key_detail, _html_escaped, _json_pem, _go_struct,
)  # fmt: skip
