"""More lines, in other frames and of other loggers, by which the rules were mended once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote_plus

from tests.runtime.redaction_corpus import ALNUM, HEX, URLSAFE, Chance, Made, Maker, basic

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


OTHER_PLAIN: Final[Sequence[Maker]] = (
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


OTHER_HARD: Final[Sequence[Maker]] = (
    _docker_env, _set_line, _dataclass, _locals, _ruby, _java_map, _twice_escaped, _form, _compose, _ini, _helm,
    _kubectl, _login, _wget, _psql, _coloured, _coloured_issued, _soap, _npmrc, _mysql_sql, _escaped_header,
    _node_inspect, _issued_in_path, _rust_debug, _basic_in_json,
)  # fmt: skip

OTHER_HARMLESS: Final = (
    'time="2026-11-22T03:41:07Z" level=info msg="token refreshed" user={n}',
    'ts=2026-11-22T03:41:07Z caller=main.go:{n} level=warn msg="secret not found" name=db',
    "{head}2 passwords were checked, {n} tokens issued",
    "{head}Password strength: weak ({d} of 5)",
    "{head}password policy updated by dana",
    "{head}session token will expire in {n} seconds",
    "{head}credentials: missing",
    "{head}cookie consent: accepted",
    "{head}No API key was given, using anonymous access",
    "{head}api key rotation is due in {d} days",
    "{head}Deprecated: option --token is ignored",
    "{head}lexer: unexpected token: ';'",
    "{head}GC pause (G1 Evacuation Pause) (young) {n}M->{d}M(256M) 3.{n}ms",
    "{head}\tat io.netty.handler.ssl.SslHandler.decode(SslHandler.java:{n})",
    "Exception in thread \"main\" java.lang.NullPointerException: Cannot invoke \"String.length()\" because \"password\" is null",
    "raise ValueError(\"token must not be empty\")",
    "KeyError: 'password'",
    "django.core.exceptions.ValidationError: ['This password is too short.', 'This password is too common.']",
    "TypeError: login() missing 1 required positional argument: 'password'",
    "AttributeError: 'NoneType' object has no attribute 'token'",
    "  File \"/app/auth.py\", line {n}, in check\n    if not secrets.compare_digest(token, expected_token):",
    "    assert response.json()['token'] is not None",
    "    password = getpass.getpass()",
    "    self.token = token",
    "    secret=secret,",
    "DEBUG:urllib3.connectionpool:https://api.example.org:443 \"POST /oauth/token HTTP/1.1\" 200 {m}",
    "{ip} - - [22/Nov/2026:03:41:07 +0000] \"GET /password-reset/ HTTP/1.1\" 200 {m} \"-\" \"curl/8.5.0\"",
    "{ip} - - [22/Nov/2026:03:41:07 +0000] \"GET /docs?q=token+expiry HTTP/1.1\" 200 {m}",
    "{head}kubelet: Unable to retrieve pull secret default/registry, the image pull may not succeed.",
    "{head}Created secret/app-tls, configmap/app, deployment.apps/web",
    "STATEMENT:  SELECT password, last_login FROM accounts_user WHERE id = {n}",
    "LOG:  connection authorized: user=app_user database=main application_name=web",
    "{head}scram-sha-256 authentication for role app_user",
    "{head}hot path: tokenizer took {n} us for {m} tokens",
    "{head}authentication: ok, authorization: ok",
    "{head}User-Agent: python-requests/2.{n} Accept: */*",
    "{head}Content-Type: application/json; charset=utf-8 Content-Length: {m}",
    "{head}Cache-Control: max-age={n}, Vary: Cookie, Authorization",
    "{head}Access-Control-Allow-Headers: authorization, x-api-key, content-type",
    "{head}WWW-Authenticate: Bearer realm=\"api\", error=\"invalid_token\"",
    "{head}dataset keys: id, name, key; sort key: name",
    "{head}ssh: handshake failed: no common algorithm for key exchange",
    "{head}env: DB_PASSWORD is set, API_TOKEN is not set",
    "{head}field 'password' changed from *** to ***",
    "{head}disk usage /var/lib/tocsin: {n} of 512 GiB, inode {d}%",
    "{head}dana: please rotate the password, the token and the secret before Friday",
    "{head}next page token: none",
    "{head}form errors: password1: This field is required.",
    "{head}took 00:00:{n}, memory=512Mi, ratio={d}:{n}, port: 8080",
    "{head}a note: http://127.0.0.1:8000/incidents/{n} was opened @dana",
    "{head}SSH_AUTH_SOCK=/run/user/1000/keyring/ssh XDG_SESSION_ID={d}",
    "{head}key_id={hex8} alg=HS256 rotated",
    "{head}helm: release app upgraded, secret hooks: {d}",
    "{head}bearer token rejected: signature mismatch",
    "{head}token ring network of {n} nodes",
    "{head}Set the environment variable SECRET_KEY before you start",
    "{head}secrets.token_urlsafe({d}) is how it was made",
    "{head}pass {n} of 999, pass rate: 99.{d} %",
)  # fmt: skip
OTHER_LOOKALIKES: Final = (
    "{head}req {uuid} -> 200 in {n} ms", "{head}x-b3-traceid: {hex32} x-b3-spanid: {hex16}", "{head}merged {hex40} into main",
    "{head}* {hex8} (HEAD -> main) Say why", "{head}image id sha256:{hex64}", "{head}If-None-Match: \"{hex40}\"",
    "{head}job 01J{ulid} finished", "{head}object {hex2}/{hex38} is loose", "{head}cid={uuid} gid={uuid}", "{head}x-amz-request-id: {upper16}",
    "{head}background: url(data:image/gif;base64,{b64})", "{head}rev-parse {hex40}", "{head}sid {hex24} seq {n}", "{head}sha512={hex128}",
    "{head}wheel app-1.{d}-py3-none-any.whl --hash=sha256:{hex64}", "{head}lock file: {hex16}.lock", "{head}urn:uuid:{uuid}",
    "{head}content-md5: {b22}==", "{head}thread {hex12} joined", "{head}partition {n}-{hex32} moved", "{head}mac 02:42:ac:11:00:0{d}",
    "{head}volume pvc-{uuid} bound", "{head}span={hex16} parent={hex16}", "{head}cf-ray: {hex16}-FRA",
)  # fmt: skip
