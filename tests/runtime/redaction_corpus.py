"""Log lines with secrets, harder ones, harmless ones and look-alikes, made from a seed.

Every secret is drawn by chance in the shape its issuer publishes; nothing here was ever valid. A line knows
its secrets, so that a redactor can be judged by what is left of them.
"""

from __future__ import annotations

import base64
import json
import string
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final
from urllib.parse import quote

ALNUM: Final = string.ascii_letters + string.digits
HEX: Final = string.digits + "abcdef"
UPPER: Final = string.ascii_uppercase + string.digits
URLSAFE: Final = ALNUM + "-_"
WORDS: Final = [
    "amber",
    "birch",
    "cobalt",
    "delta",
    "ember",
    "falcon",
    "garnet",
    "harbor",
    "indigo",
    "juniper",
    "kestrel",
    "lumen",
    "maple",
    "nickel",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One log line. `secrets` are what must not be left of it; `kind` names the maker, for reports."""

    text: str
    secrets: tuple[str, ...]
    kind: str

    def leaks(self, shown: str) -> bool:
        """Whether a secret, or a whole half of a long one, is still to be read."""
        return any(part in shown for secret in self.secrets for part in _parts(secret))


def _parts(secret: str) -> tuple[str, ...]:
    middle = len(secret) // 2
    return (secret,) if len(secret) < 12 else (secret[:middle], secret[middle:])


class Chance(Random):
    """Random with the shapes of credentials and of what stands around them."""

    def text(self, letters: str, length: int) -> str:
        return "".join(self.choices(letters, k=length))

    def password(self) -> str:
        """As people and generators choose them; always with a digit or a sign in it."""
        return self.choice([
            lambda: f"{self.choice(WORDS)}{self.randrange(10, 9999)}",
            lambda: f"{self.choice(WORDS).title()}{self.randrange(1950, 2030)}!",
            lambda: "-".join(self.sample(WORDS, 3)) + str(self.randrange(10)),
            lambda: self.text(ALNUM, self.randrange(8, 25)) + str(self.randrange(10)),
            lambda: self.text(ALNUM + "!@#$%^*_+.?-", self.randrange(10, 20)) + "a1",
            lambda: self.text(HEX, 32) + "0",
        ])()  # fmt: skip

    def token(self) -> str:
        return self.text(*self.choice([(ALNUM, 32), (HEX, 40), (URLSAFE, 43), (ALNUM, 24), (HEX, 64)]))

    def jwt(self) -> str:
        head = _url64(json.dumps({"alg": "HS256", "typ": "JWT"}))
        body = _url64(
            json.dumps({"sub": self.randrange(10**6), "exp": 1_790_000_000, "n": self.text(HEX, 8)})
        )
        return f"{head}.{body}.{self.text(URLSAFE, 43)}"

    def pem(self, kind: str = "RSA PRIVATE KEY") -> str:
        rows = "\n".join(self.text(ALNUM + "+/", 64) for _ in range(6))
        return f"-----BEGIN {kind}-----\n{rows}\n-----END {kind}-----"

    def issued(self) -> str:
        """A token with its issuer's own mark."""
        return self.choice(ISSUED)(self)

    def user(self) -> str:
        return self.choice(["dana", "svc-billing", "root", "app_user", "j.doe", "tocsin", "admin"])

    def host(self) -> str:
        return self.choice(["db-1.internal", "10.0.4.17", "cache.example.org", "localhost", "queue:5672"])

    def stamp(self) -> str:
        return f"2026-11-{self.randrange(1, 31):02}T{self.randrange(24):02}:{self.randrange(60):02}:07.{self.randrange(1000):03}Z"

    def head(self) -> str:
        """What stands before a message."""
        return self.choice([
            "", f"{self.stamp()} INFO ", f"[{self.stamp()}] [ERROR] [worker-3] ", f"{self.stamp()} level=info msg=",
            "Nov 22 03:41:07 web-2 app[811]: ", "ERROR:tocsin.http: ", f"I1122 03:41:07.{self.randrange(10**6):06} 1 main.go:214] ",
            f"{self.stamp()}  WARN 7 --- [nio-8080-exec-4] o.e.shop.LoginController : ",
        ])  # fmt: skip


def _url64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


# Marks are put together here, so that no scanner of sources takes one for a real key.
ISSUED: Final[Sequence[Callable[[Chance], str]]] = (
    lambda c: "AKI" + "A" + c.text(UPPER, 16),
    lambda c: "gh" + c.choice("pousr") + "_" + c.text(ALNUM, 36),
    lambda c: "github" + "_pat_" + c.text(ALNUM, 22) + "_" + c.text(ALNUM, 59),
    lambda c: "gl" + "pat-" + c.text(URLSAFE, 20),
    lambda c: "xox" + c.choice("bp") + f"-{c.randrange(10**11, 10**12)}-{c.randrange(10**11, 10**12)}-" + c.text(ALNUM, 24),
    lambda c: c.choice(["sk", "rk"]) + c.choice(["_live_", "_test_"]) + c.text(ALNUM, 24),
    lambda c: "AI" + "za" + c.text(URLSAFE, 35),
    lambda c: "npm" + "_" + c.text(ALNUM, 36),
    lambda c: "pypi" + "-AgEIcHlwaS5vcmc" + c.text(URLSAFE, 80),
    lambda c: "S" + "K" + c.text(HEX, 32),
    lambda c: "S" + "G." + c.text(URLSAFE, 22) + "." + c.text(URLSAFE, 43),
    lambda c: "sk-" + "ant-api03-" + c.text(URLSAFE, 93) + "AA",
    lambda c: "sk-" + c.choice(["", "proj-"]) + c.text(ALNUM, 48),
    lambda c: "tcs" + "_" + c.text(string.ascii_lowercase + string.digits, 8) + "_" + c.text(ALNUM, 40),
    lambda c: c.jwt(),
)  # fmt: skip

NAMES: Final = (
    "password", "passwd", "api_key", "api-key", "apiKey", "secret", "token", "access_token", "client_secret",
    "DB_PASSWORD", "SECRET_KEY", "refresh_token", "auth_token", "private_key", "X-Api-Key", "passphrase", "apikey",
)  # fmt: skip
Made = tuple[str, tuple[str, ...]]
Maker = Callable[[Chance], Made]


def _named(c: Chance) -> Made:
    secret = c.password()
    return f"{c.head()}connecting as {c.user()} {c.choice(NAMES)}={secret} to {c.host()}", (secret,)


def _colon(c: Chance) -> Made:
    secret = c.password()
    return f"{c.head()}{c.choice(NAMES)}: {secret}", (secret,)


def _bearer(c: Chance) -> Made:
    secret = c.choice([c.token, c.jwt, c.issued])()
    return f"{c.head()}> Authorization: Bearer {secret}", (secret,)


def _basic(c: Chance) -> Made:
    secret = basic(c.user(), c.password())
    return f"{c.head()}Authorization: Basic {secret}", (secret,)


def _json(c: Chance) -> Made:
    secret = c.password()
    said = {"level": "info", "user": c.user(), c.choice(NAMES): secret, "attempt": c.randrange(9)}
    return json.dumps(said, separators=c.choice([(",", ":"), (", ", ": ")])), (secret,)


def _userinfo(c: Chance) -> Made:
    secret = quote(c.password(), safe="!*")
    scheme = c.choice(["postgresql", "redis", "amqp", "https", "mongodb+srv", "mysql"])
    return f"{c.head()}cannot reach {scheme}://{c.user()}:{secret}@{c.host()}/main: refused", (secret,)


def _query(c: Chance) -> Made:
    secret = c.token()
    name = c.choice(["token", "access_token", "api_key", "key", "secret", "password", "sig"])
    return f'{c.head()}"GET /v1/items?page=2&{name}={secret}&limit=50 HTTP/1.1" 200 512', (secret,)


def _libpq(c: Chance) -> Made:
    secret = c.text(ALNUM, 16)
    return f"{c.head()}dsn host={c.host()} port=5432 user={c.user()} password={secret} dbname=main", (secret,)


def _pem(c: Chance) -> Made:
    text = c.pem(c.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"]))
    return f"{c.head()}loaded key\n{text}\ndone", tuple(text.splitlines()[1:-1])


def _issued(c: Chance) -> Made:
    secret = c.issued()
    return f"{c.head()}request with {secret} was refused", (secret,)


def _aws(c: Chance) -> Made:
    key, secret = "AKI" + "A" + c.text(UPPER, 16), c.text(ALNUM + "+/", 40)
    return f"{c.head()}aws_access_key_id={key} aws_secret_access_key={secret}", (key, secret)


def _cookie(c: Chance) -> Made:
    first, second = c.token(), c.token()
    return f"{c.head()}Cookie: sessionid={first}; csrftoken={second}", (first, second)


def _set_cookie(c: Chance) -> Made:
    secret = c.token()
    return f"{c.head()}Set-Cookie: sid={secret}; Path=/; HttpOnly; Secure; SameSite=Lax", (secret,)


def _slack_hook(c: Chance) -> Made:
    secret = c.text(ALNUM, 24)
    place = f"T{c.text(UPPER, 8)}/B{c.text(UPPER, 10)}"
    return f"{c.head()}posting to https://hooks.slack.com/services/{place}/{secret} failed: 500", (secret,)


def _header(c: Chance) -> Made:
    secret = c.token()
    return (
        f"{c.head()}{c.choice(['X-API-Key', 'X-Auth-Token', 'PRIVATE-TOKEN', 'X-Vault-Token'])}: {secret}",
        (secret,),
    )


PLAIN: Final[Sequence[Maker]] = (
    _named, _colon, _bearer, _basic, _json, _userinfo, _query, _libpq, _pem, _issued, _issued, _aws, _cookie,
    _set_cookie, _slack_hook, _header,
)  # fmt: skip


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

HARMLESS: Final = (
    '10.0.0.{n} - - [22/Nov/2026:03:41:07 +0000] "GET /incidents/{n}?page=2&sort=-opened HTTP/1.1" 200 {m} "-" "Mozilla/5.0 (X11; Linux x86_64)"',
    '{ip} - dana [22/Nov/2026:03:41:07 +0000] "POST /sign-in HTTP/2.0" 302 0 "https://tocsin.example/sign-in" "curl/8.5.0"',
    "{head}token expired for user {n}",
    "{head}password changed for user {n}",
    "{head}secret rotation done in {m} ms",
    "{head}Invalid token: unexpected end of input",
    "{head}password: required field missing",
    "{head}password reset requested by user {n}",
    "{head}The token was revoked {n} minutes ago",
    "{head}prompt_tokens={m} completion_tokens={n} max_tokens=4096",
    "{head}usage tokens: {m} of 8192",
    "{head}token_type=bearer expires_in=3600",
    "{head}password_min_length=12 password_changed_at=2026-11-0{d}",
    "{head}Bearer authentication is required",
    "{head}basic authentication failed for user {n}",
    "{head}Basic understanding-of-the-problem was reached",
    "{head}has_password=true has_token=false secret=null",
    "{head}password=None token=None api_key=''",
    "{head}password=******** token=[redacted]",
    "{head}api_key: (none)",
    "{head}secrets loaded: {n}, cookies enabled: true",
    "{head}no cookie was sent",
    "{head}Watching for file changes with StatReloader",
    "{head}Applying detection.000{d}_initial... OK",
    'Not Found: /wp-login.php',
    '[22/Nov/2026 03:41:07] "GET /static/css/app.{hex8}.css HTTP/1.1" 304 0',
    "LOG:  checkpoint complete: wrote {n} buffers (0.{d}%); 0 WAL file(s) added, 0 removed, {d} recycled; write={n}.012 s",
    "LOG:  duration: {n}.117 ms  statement: SELECT id, title FROM incidents_incident WHERE workspace_id = {n} LIMIT 50",
    'ERROR:  duplicate key value violates unique constraint "incidents_number_key"',
    "DETAIL:  Key (workspace_id, number)=({d}, {n}) already exists.",
    'FATAL:  password authentication failed for user "app_user"',
    "{head}Task detection.evaluate[{uuid}] succeeded in 0.0{n}s: None",
    "{head}Received task: incidents.notify[{uuid}] eta:[2026-11-22 03:42:00+00:00]",
    "{head}celery@web-2 ready. mingle: all alone, prefetch: {d}",
    "{head}Connected to amqp://guest@127.0.0.1:5672//",
    "{head}Connected to redis://127.0.0.1:6379/0",
    "{head}postgresql://db-1.internal:5432/main is ready after {n} ms",
    "I1122 03:41:07.123456       1 controller.go:{n}] \"Reconciling\" namespace=\"default\" name=\"web-{hex8}-x7k2p\"",
    "Normal  Pulled  {n}s  kubelet  Successfully pulled image \"registry.example.org/app:1.{d}.{n}\" in {m}ms",
    "Warning  FailedMount  MountVolume.SetUp failed for volume \"db-credentials\" : secret \"db-credentials\" not found",
    "\tat org.example.auth.TokenFilter.doFilter(TokenFilter.java:{n})",
    "\tat org.springframework.security.authentication.AuthenticationProvider.authenticate(AuthenticationProvider.java:{n})",
    "java.lang.IllegalArgumentException: Secret must not be empty",
    "Caused by: com.fasterxml.jackson.core.JsonParseException: Unexpected character ('}}' (code 125)): was expecting double-quote",
    "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    "SyntaxError: Unexpected token }} in JSON at position {n}",
    'Traceback (most recent call last):\n  File "/app/core/sealing.py", line {n}, in unseal\n    return box.decrypt(token)\ncryptography.fernet.InvalidToken',
    '  File "/app/accounts/services/passwords.py", line {n}, in change_password\n    user.set_password(password)',
    '  File "/app/accounts/tokens.py", line {n}, in read_token\n    return self.find(token=token, workspace=workspace)',
    "    def sign_in(self, user: str, password: str) -> None:",
    "    client = Client(api_key=settings.API_KEY, timeout=5)",
    "    token = request.headers.get('x-request-token')",
    "{head}mail to dana@example.org queued, size {m}",
    "{head}user dana@example.org signed in from {ip}",
    "{head}version 1.{d}.{n} built 2026-11-22, go1.22.{d}, linux/amd64",
    "{head}GET https://api.example.org:8443/v1/users?email=dana@example.org&page={d} 200",
    "{head}reading /etc/tocsin/secrets.d/database and /run/secrets/db_password",
    "{head}option --password-file /run/secrets/db_password is used",
    "{head}PWD=/home/dana SHELL=/bin/bash LANG=C.UTF-8",
    "{head}tests: pass: {n} fail: 0 skip: {d}",
    "{head}cpu=0.{n} mem={m} key=disk-db-{d} state=firing",
    "{head}routing_key='detection' exchange='' queue=detection",
    "{head}cache key: incidents:list:{n}:{d} hit",
    "{head}primary key: id, foreign key: workspace_id",
    "{head}Press any key: ",
    "{head}Enter password: ",
    "{head}public key: ed25519 SHA256 fingerprint checked for host db-{d}",
    "{head}sign in by cookie: accepted, session renewed",
    "{head}csrf token missing or incorrect: /sources/{n}/mapping",
    "{head}authorization: denied for role viewer",
    "{head}rate limit for token tcs_{hex8}_… is {n} a second",
    "{head}alert fired: Secret expires in {d} days (component=vault)",
    "{head}author: dana, authority: none, authored: {n} notes",
    "{head}monkey=1 donkey=2 keyboard: us",
    "{head}Accepted publickey for dana from {ip} port 5{n}",
    "{head}pam_unix(sshd:session): session opened for user dana(uid=1000) by (uid=0)",
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=python,pid={n},uid=1000",
    "{head}Started Session {n} of User dana.",
    "{head}token bucket: {n} left, refill {d}/s",
    "{head}secret santa list: {n} people",
    "{head}compass=3 bypass: enabled trespass: no",
    "{head}password=$DB_PASSWORD is taken from the environment",
    "{head}url: https://tocsin.example/reset-password/done",
    "{head}UPDATE accounts_user SET password = %s WHERE id = %s; args=({n})",
    "INSERT INTO token (id, name) VALUES ({n}, 'ci')",
    "{head}schema: token: string, password: string, ttl: integer",
)  # fmt: skip
LOOKALIKES: Final = (
    "{head}incident {uuid} opened", "{head}request_id={uuid} status=200", "{head}trace_id={hex32} span_id={hex16}",
    "{head}traceparent: 00-{hex32}-{hex16}-01", "{head}commit {hex40} by dana", "HEAD is now at {hex8} Fix the list",
    "{head}sha256:{hex64}", "{head}pulled image registry.example.org/app@sha256:{hex64}", "{head}md5={hex32} size={m}",
    "{head}ETag: \"{hex32}\"", "{head}ETag: W/\"{hex16}\"", "{head}ulid={ulid} stored", "{head}X-Request-Id: {uuid}",
    "{head}<img src=\"data:image/png;base64,{b64}\">", "{head}fingerprint {hex64} counted {n} times",
    "{head}digest={hex40} matches", "{head}container {hex64} exited (137)", "{head}pod web-{hex8}-{low5} restarted",
    "{head}correlation-id: {uuid}", "{head}checksum {hex40}  dist/app.tar.gz", "{head}event_id=alert:{hex64}",
    "{head}X-Amzn-Trace-Id: Root=1-{hex8}-{hex24}", "{head}Index: {hex8}..{hex8} 100644", "{head}build {hex12} of branch main",
    "{head}SHA256:{b43} (ED25519) host key", "{head}integrity=sha384-{b64x} crossorigin", "{head}key={uuid} state=firing",
    "{head}cursor {b43} page 3", "{head}idempotency={uuid}", "{head}file incidents-{hex32}.zip written", "{head}nonce {hex24} used once",
    "{head}machine-id {hex32}", "{head}dedup_key={hex32} status=trigger", "{head}task_id={uuid} state=SUCCESS",
)  # fmt: skip


def filled(template: str, c: Chance) -> str:
    """A template with fresh numbers and identifiers."""
    return template.format(
        head=c.head(), n=c.randrange(2, 999), m=c.randrange(1000, 99999), d=c.randrange(1, 9),
        ip=f"192.0.2.{c.randrange(255)}", uuid=uuid.UUID(int=c.getrandbits(128), version=4),
        ulid="01" + c.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24), low5=c.text("bcdfghjklmnpqrstvwxz2456789", 5),
        upper16=c.text(UPPER, 16), b22=c.text(ALNUM + "+/", 22), b43=c.text(ALNUM + "+/", 43), b64x=c.text(ALNUM + "+/", 64), b64=c.text(ALNUM + "+/", 240),
        **{f"hex{size}": c.text(HEX, size) for size in (2, 4, 8, 12, 16, 24, 32, 38, 40, 64, 128)},
    )  # fmt: skip


def with_secrets(makers: Sequence[Maker], count: int, seed: int) -> list[Line]:
    """`count` lines, each maker as often as every other."""
    c = Chance(seed)
    made = ((maker, maker(c)) for maker in (makers[number % len(makers)] for number in range(count)))
    return [Line(text, secrets, maker.__name__.strip("_")) for maker, (text, secrets) in made]


def without_secrets(templates: Sequence[str], count: int, seed: int) -> list[Line]:
    """`count` lines, each template as often as every other."""
    c = Chance(seed)
    chosen = [templates[number % len(templates)] for number in range(count)]
    return [Line(filled(template, c), (), template[:60]) for template in chosen]
