"""Lines of servers, tools and languages, used for the second revision of the rules."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Final

from tests.runtime.redaction.chance import ALNUM, HEX, UPPER, URLSAFE, Chance
from tests.runtime.redaction.shapes import Made, Maker


def _caddy(c: Chance) -> Made:
    secret = c.token()
    record = {
        "request": {"method": "GET", "headers": {"X-Api-Key": [secret], "Accept": ["*/*"]}},
        "status": 200,
    }
    return json.dumps(record), (secret,)


def _syslog_pair(c: Chance) -> Made:
    secret = c.password()
    return f'<134>1 {c.stamp()} web-1 app - - [auth@1 user="{c.user()}" password="{secret}"] sign-in', (
        secret,
    )


def _kafka(c: Chance) -> Made:
    secret = c.text(ALNUM, 20)
    return (
        f'sasl.jaas.config = org.apache.kafka.PlainLoginModule required username="svc" password="{secret}";',
        (secret,),
    )


def _jdbc(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_-", 16) + "4"
    return f"{c.head()}jdbc:postgresql://{c.host()}/main?user={c.user()}&password={secret}&ssl=true", (
        secret,
    )


def _mssql(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_-", 16) + "4"
    return f"Server={c.host()};Database=main;User Id={c.user()};Password={secret};Encrypt=True;", (secret,)


def _azure(c: Chance) -> Made:
    secret = base64.b64encode(c.randbytes(64)).decode()
    return (
        f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={secret};EndpointSuffix=core.example.net",
        (secret,),
    )


def _proxy(c: Chance) -> Made:
    secret = c.text(ALNUM, 14)
    return f"{c.head()}HTTPS_PROXY=http://{c.user()}:{secret}@proxy.example.org:3128", (secret,)


def _sentence(c: Chance) -> Made:
    secret = c.issued()
    return f"{c.head()}please use {secret} until Friday", (secret,)


PLAIN: Final[Sequence[Maker]] = (_caddy, _syslog_pair, _kafka, _jdbc, _mssql, _azure, _proxy, _sentence)


def _ansible(c: Chance) -> Made:
    secret = c.password()
    return f'ok: [web-1] => (item={{"key": "db_password", "value": "{secret}"}})', (secret,)


def _terraform(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_-", 16) + "4"
    return f'  ~ master_password      = "{secret}" -> "{secret[::-1]}"', (secret,)


def _graphql(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_-", 16) + "4"
    return f'mutation {{ signIn(email: "dana@example.org", password: "{secret}") {{ id }} }}', (secret,)


def _env_list(c: Chance) -> Made:
    secret = c.token()
    return f"Env:[PATH=/usr/bin API_TOKEN={secret} TZ=UTC] Cmd:[serve]", (secret,)


def _strace(c: Chance) -> Made:
    secret = c.token()
    return f'write(5, "GET / HTTP/1.1\\r\\nAuthorization: Bearer {secret}\\r\\n\\r\\n", 90) = 90', (secret,)


def _php_dump(c: Chance) -> Made:
    secret = c.password()
    return f"Array\n(\n    [user] => {c.user()}\n    [password] => {secret}\n)", (secret,)


def _elixir(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_-", 16) + "4"
    return f'Parameters: %{{"user" => %{{"email" => "x", "password" => "{secret}"}}}}', (secret,)


def _kotlin(c: Chance) -> Made:
    secret = c.password()
    return f"Credentials(username={c.user()}, password={secret}, otp=null)", (secret,)


def _xml_attribute(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_-", 16) + "4"
    return f'<datasource url="jdbc:x" username="{c.user()}" password="{secret}" pool="5"/>', (secret,)


def _journal(c: Chance) -> Made:
    secret = c.token()
    return f"sudo[811]: dana : COMMAND=/usr/bin/env VAULT_TOKEN={secret} vault read kv/app", (secret,)


def _encoded_query(c: Chance) -> Made:
    secret = c.text(ALNUM, 26)
    return f"{c.head()}GET /out?to=https%3A%2F%2Fapp.example.org%2F%3Ftoken%3D{secret}%26page%3D2 302", (
        secret,
    )


def _escaped_issued(c: Chance) -> Made:
    secret = c.issued()
    return json.dumps({"log": f"step 1\n{secret}\n"}), (secret,)


def _issued_in_address(c: Chance) -> Made:
    secret = "gl" + "pat-" + c.text(URLSAFE, 20)
    return f"Cloning https://oauth2:{secret}@git.example.org/a/b.git", (secret,)


def _powershell(c: Chance) -> Made:
    secret = c.text(ALNUM + "!_", 16) + "4"
    return f"ConvertTo-SecureString -String x; $env:DB_PASSWORD = '{secret}'", (secret,)


def _http2(c: Chance) -> Made:
    secret = c.jwt()
    return f"* h2 [authorization: Bearer {secret}]", (secret,)


def _aws_file(c: Chance) -> Made:
    key, secret = "AKI" + "A" + c.text(UPPER, 16), c.text(ALNUM + "+/", 40)
    return f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\nregion = eu-1", (
        key,
        secret,
    )


def _mongo_shell(c: Chance) -> Made:
    secret = c.text(ALNUM, 16)
    return f'db.createUser({{ user: "app", pwd: "{secret}", roles: ["readWrite"] }})', (secret,)


def _hex_key(c: Chance) -> Made:
    secret = c.text(HEX, 64)
    return f"{c.head()}ENCRYPTION_KEY: 0x{secret}", (secret,)


HARD: Final[Sequence[Maker]] = (
    _ansible, _terraform, _graphql, _env_list, _strace, _php_dump, _elixir, _kotlin, _xml_attribute,
    _journal, _encoded_query, _escaped_issued, _issued_in_address, _powershell, _http2, _aws_file,
    _mongo_shell, _hex_key,
)  # fmt: skip
