"""Other frameworks and loggers, used for one revision of the rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote_plus

from tests.runtime.redaction.chance import ALNUM, HEX, URLSAFE, Chance, basic
from tests.runtime.redaction.shapes import Made, Maker

_NAMES: Final = ("Password", "userPassword", "smtp_password", "API_KEY", "x-api-key", "accessToken", "id_token",
                 "webhook_secret", "SIGNING_KEY", "bot_token", "PGPASSWORD", "encryption_key", "jwt_secret")  # fmt: skip


def _logfmt(c: Chance) -> Made:
    secret = c.token()
    return (
        f'time="{c.stamp()}" level=debug msg="outgoing call" {c.choice(_NAMES)}={secret} took={c.randrange(99)}ms',
        (secret,),
    )


def _logfmt_quoted(c: Chance) -> Made:
    secret = c.password()
    return f'ts={c.stamp()} caller=auth.go:{c.randrange(99)} {c.choice(_NAMES)}="{secret}" err=null', (
        secret,
    )


def _java_properties(c: Chance) -> Made:
    secret = c.password()
    return f"{c.head()}spring.datasource.password={secret}", (secret,)


def _gelf(c: Chance) -> Made:
    secret = c.password()
    return json.dumps(
        {"version": "1.1", "host": c.host(), "short_message": "login", f"_{c.choice(_NAMES)}": secret}
    ), (secret,)


def _lower_header(c: Chance) -> Made:
    secret = c.choice([c.jwt, c.token])()
    return f"{c.head()}< authorization: bearer {secret}", (secret,)


def _json_header(c: Chance) -> Made:
    secret = basic(c.user(), c.password())
    return json.dumps({"method": "GET", "headers": {"Authorization": f"Basic {secret}", "Accept": "*/*"}}), (
        secret,
    )


def _celery_broker(c: Chance) -> Made:
    secret = c.text(ALNUM, 20)
    return (
        f"[2026-11-22 03:41:07,114: ERROR/MainProcess] consumer: Cannot connect to amqp://{c.user()}:{secret}@10.0.0.9:5672//: timed out.",
        (secret,),
    )


def _redis_url(c: Chance) -> Made:
    secret = c.text(URLSAFE, 24)
    return f"{c.head()}retrying rediss://:{secret}@{c.host()}/2 in 4 s", (secret,)


def _redirect(c: Chance) -> Made:
    secret = c.jwt()
    return f"{c.head()}302 https://app.example.org/callback#access_token={secret}&token_type=bearer", (
        secret,
    )


def _git_remote(c: Chance) -> Made:
    secret = "gh" + "p_" + c.text(ALNUM, 36)
    return f"fatal: unable to access 'https://x-access-token:{secret}@github.com/acme/app.git/': 403", (
        secret,
    )


def _issued_late(c: Chance) -> Made:
    secret = c.issued()
    return f"{c.head()}step 4/9 failed, response said: key {secret}, see the log", (secret,)


def _issued_quoted(c: Chance) -> Made:
    secret = c.issued()
    return f'{c.head()}unknown credential "{secret}"', (secret,)


def _php_cookie(c: Chance) -> Made:
    secret = c.text(ALNUM, 26)
    return f"{c.head()}cookie: PHPSESSID={secret}; theme=dark", (secret,)


def _signed_url(c: Chance) -> Made:
    secret = c.text(HEX, 64)
    return (
        f"{c.head()}PUT https://bucket.s3.amazonaws.com/a.zip?X-Amz-Date=20261122T034107Z&X-Amz-Signature={secret} 200",
        (secret,),
    )


def _pgp(c: Chance) -> Made:
    text = c.pem("PGP PRIVATE KEY BLOCK")
    return text, tuple(text.splitlines()[1:-1])


PLAIN: Final[Sequence[Maker]] = (
    _logfmt, _logfmt_quoted, _java_properties, _gelf, _lower_header, _json_header, _celery_broker, _redis_url,
    _redirect, _git_remote, _issued_late, _issued_quoted, _php_cookie, _signed_url, _pgp,
)  # fmt: skip


def _docker_env(c: Chance) -> Made:
    secret = c.text(ALNUM, 18)
    return f"+ docker run -d -e POSTGRES_PASSWORD={secret} -p 5432:5432 postgres:16", (secret,)


def _set_line(c: Chance) -> Made:
    secret = c.token()
    return f"export {c.choice(['STRIPE_SECRET_KEY', 'SLACK_BOT_TOKEN', 'DJANGO_SECRET_KEY'])}='{secret}'", (
        secret,
    )


def _dataclass(c: Chance) -> Made:
    secret = c.password()
    return f"{c.head()}retry with Account(user={c.user()!r}, secret={secret!r}, roles=['viewer'])", (secret,)


def _locals(c: Chance) -> Made:
    secret = c.password()
    return f"│ {'password'!s:>10} = {secret!r}{' ' * 8}│\n│ {'user'!s:>10} = {c.user()!r} │", (secret,)


def _ruby(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_.-", 14) + "2"
    return (
        f'Parameters: {{"email"=>"dana@example.org", "user"=>{{"password"=>"{secret}", "remember"=>"1"}}}}',
        (secret,),
    )


def _java_map(c: Chance) -> Made:
    secret = c.token()
    return f"{c.head()}request {{user={c.user()}, apiToken={secret}, retries=3}}", (secret,)


def _twice_escaped(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_.-", 18) + "2"
    body = json.dumps({"client_secret": secret, "grant_type": "client_credentials"})
    return json.dumps({"log": json.dumps({"request": {"body": body}}) + "\n", "stream": "stdout"}), (secret,)


def _form(c: Chance) -> Made:
    secret = c.text(ALNUM + "!$*@", 14) + "2"
    return (
        f"{c.head()}body: grant_type=password&username={c.user()}&password={quote_plus(secret)}&scope=all",
        (quote_plus(secret),),
    )


def _compose(c: Chance) -> Made:
    secret = c.text(ALNUM, 18)
    return f"services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD={secret}\n      - TZ=UTC", (
        secret,
    )


def _ini(c: Chance) -> Made:
    secret = c.text(ALNUM + "!%_.-", 18)
    return f"[smtp]\nhost = {c.host()}\nsmtp_password = {secret}\nport = 587", (secret,)


def _helm(c: Chance) -> Made:
    secret = c.text(ALNUM, 18)
    return f"+ helm upgrade app ./chart --set image.tag=1.4 --set auth.password={secret} --wait", (secret,)


def _kubectl(c: Chance) -> Made:
    secret = c.text(ALNUM, 22)
    return f"+ kubectl create secret generic app --from-literal=api-token={secret}", (secret,)


def _login(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_.-", 18)
    return f"+ docker login registry.example.org --username {c.user()} --password {secret}", (secret,)


def _wget(c: Chance) -> Made:
    secret = c.text(ALNUM, 18)
    return f'+ wget --header="PRIVATE-TOKEN: {secret}" https://git.example.org/api/v4/projects', (secret,)


def _psql(c: Chance) -> Made:
    secret = c.text(ALNUM, 16)
    return f"$ PGPASSWORD={secret} psql -h {c.host()} -U {c.user()} -c 'select 1'", (secret,)


def _coloured(c: Chance) -> Made:
    secret = c.password()
    return f"\x1b[33mWARN\x1b[0m \x1b[1mapi_key\x1b[22m: \x1b[32m'{secret}'\x1b[39m rejected", (secret,)


def _coloured_issued(c: Chance) -> Made:
    secret = c.issued()
    return f"\x1b[1;31mleaked\x1b[0m \x1b[36m{secret}\x1b[0m", (secret,)


def _soap(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_.-", 16) + "2"
    return f'<wsse:Password Type="PasswordText">{secret}</wsse:Password>', (secret,)


def _npmrc(c: Chance) -> Made:
    secret = c.text(HEX, 36)
    return f"//registry.example.org/:_authToken={secret}", (secret,)


def _mysql_sql(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_.-", 16) + "2"
    return f"Query\tCREATE USER '{c.user()}'@'%' IDENTIFIED BY '{secret}'", (secret,)


def _escaped_header(c: Chance) -> Made:
    secret = c.token()
    return (
        f'{c.head()}send: b"GET / HTTP/1.1\\r\\nHost: x\\r\\nX-Api-Key: {secret}\\r\\nAccept: */*\\r\\n"',
        (secret,),
    )


def _node_inspect(c: Chance) -> Made:
    secret = c.password()
    return f"{{\n  host: '{c.host()}',\n  auth: {{ user: '{c.user()}', pass: '{secret}' }}\n}}", (secret,)


def _issued_in_path(c: Chance) -> Made:
    secret = "bot" + str(c.randrange(10**8, 10**9)) + ":A" + "A" + c.text(URLSAFE, 33)
    return f"{c.head()}POST https://api.telegram.org/{secret}/sendMessage 200", (secret[3:],)


def _rust_debug(c: Chance) -> Made:
    secret = c.password()
    return f'Config {{ host: "db", api_key: Some("{secret}"), retries: 3 }}', (secret,)


def _basic_in_json(c: Chance) -> Made:
    secret = basic(c.user(), c.password())
    return json.dumps({"auths": {"registry.example.org": {"auth": secret}}}), (secret,)


HARD: Final[Sequence[Maker]] = (
    _docker_env, _set_line, _dataclass, _locals, _ruby, _java_map, _twice_escaped, _form, _compose, _ini, _helm,
    _kubectl, _login, _wget, _psql, _coloured, _coloured_issued, _soap, _npmrc, _mysql_sql, _escaped_header,
    _node_inspect, _issued_in_path, _rust_debug, _basic_in_json,
)  # fmt: skip
