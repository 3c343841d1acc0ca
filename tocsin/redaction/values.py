"""Names of secrets, and what may be between a name and its value.

All of this runs over untrusted lines, so each pattern takes linear time: repetitions are bounded, or
possessive (`++`), and a value without its closing quote ends with the line.
"""

from __future__ import annotations

from typing import Final

from tocsin.redaction.shape import ending

# A name is recognized by its last word: DB_PASSWORD, clientSecret, X-Api-Key, password2, token_hash.
_KEYS: Final = (
    "api access secret private signing encryption auth session account shared master license storage service "
    "deploy ssh client app application consumer subscription webhook integration admin fernet cipher crypto "
    "unseal recovery activation hmac preshared pre-shared wep wpa jwt aes rsa kms sas ingest ingestion "
    "pairing provisioning enrollment"
)
_KEY_WORDS: Final = "api access secret private signing encryption master license unseal recovery activation"
_LAST: Final = "".join(sorted({word[-1] for word in _KEYS.split()} - {"y"}))
_SHORT: Final = "db user root admin smtp mail pg ftp store key require master default bind ldap"
CODES: Final = (
    "verification confirmation security recovery backup one-time login sign-in auth authorization otp mfa "
    "2fa sms"
)
# Password in other languages. French and Portuguese use a word for passing, see below.
_ELSEWHERE: Final = (
    "contraseña contrasena contrasenya clave senha kennwort wachtwoord lösenord losenord passord adgangskode "
    "salasana heslo hasło haslo parola jelszó jelszo şifre sifre lozinka пароль пароля 密钥 密码 密碼 口令 "
    "パスワード 비밀번호 암호 κωδικός סיסמה"
)
NAME_MARKS: Final = (
    "pass pwd secret token credential key sess connect.sid otp authorization _auth code pw psk creds jwt "
    f"cookie {_ELSEWHERE}"
)
# Possessive: what follows a name is searched for once.
NAME: Final = rf"""(?P<name>(?>
    passw(?:or)?[dt](?:es)? | passphrase | passcode
  | passe(?:(?<=mot[ _-]de[ _-]passe)|(?<=motdepasse)|(?<=palavra[ _-]passe))
  | pass(?:(?<![a-z]pass)|{ending(_SHORT, end="pass")})
  | pwd(?:(?<![a-z]pwd)|{ending(_SHORT, end="pwd")})
  | pw(?:(?<![a-z]pw)|{ending(_SHORT, end="pw")}) | (?<![a-z])psk
  | secret(?:[_-]?id(?==[0-9a-f]{{8}}-))? | token(?:(?<=TF_TOKEN)_\w{{1,80}})? | credentials?
  | key(?:(?<=[{_LAST}_-]key){ending(_KEYS, ("", "_", "-"), "key")}
      |(?<=[ ]key){ending(_KEY_WORDS, (" ",), "key")})
    (?:[_-]?(?:base|data|pem))?
  | {"|".join(_ELSEWHERE.split())} | creds(?<![a-z]creds) | jwt(?<![a-z]jwt)
  | cookie(?:(?<=session[_-]cookie)|(?<=auth[_-]cookie)|(?<=csrf[_-]cookie))
  | code(?<=[_ -]code){ending(CODES, ("_", "-", " "), "code")}
  | sess(?:ion)?[_-]?id | connect\.sid | (?<![a-z])otp | authorization | (?<![a-z0-9])_auth )
  (?>[_-]?(?:hash|digest|value|base64|b64|raw|plain|confirm(?:ation)?|\d{{1,2}}(?!\d))|[ ]\d{{1,2}}(?=:))?)"""
QUOTE: Final = r"""(?:\\{0,64}["'`]|\\{1,64}u002[27]|&quot;|&apos;|&\#(?:0?3[49]|x2[27]);)"""
_COLOUR: Final = r"(?:\x1b\[[0-9;]{0,12}m){0,4}+"
_BLANKS: Final = rf"[ \t]{{0,16}}+{_COLOUR}[ \t]{{0,16}}+"
# Between the sign and a value: | and a line below, <<EOT and a line below, string(16).
_LEAD: Final = r"""(?:[|>][+-]?[ \t]{0,8}\r?\n[ \t]{1,40} | <<[-~]?["']?[A-Z_]{2,20}["']?\r?\n[ \t]{0,40}
    | \s{0,40}string\(\d{1,9}\)[ ])?"""
# password="…, 'password', '…' (a pair), token => …, (token)=(…, password....: …
TO_VALUE: Final = rf"""
    {_COLOUR}{QUOTE}?+[\])]?+{_BLANKS}
    (?: (?:=>|->|:=|={{1,3}}|：|:(?::(?=[ ]))?|\.{{4,64}}:?(?=[ ]?["':])){_BLANKS}{_LEAD}[(\[]?
      | (?<=["'`\x20\t]),[ \t]{{0,8}}(?=b?{QUOTE}(?!\w{{1,40}}+{QUOTE}:)) | ,[ ]?<<(?={QUOTE}) )"""
# Words and numbers with a joint between them: the name of a page or of a variable, not a token.
WORDS: Final = r"""(?:(?:\d{1,24}+[_-]){0,6}+(?-i:[A-Z]?[a-z]{2,24}+)
    (?:[_-](?:v?\d{1,24}+|(?-i:[A-Z]?[a-z]{1,24}+))){1,14}+(?!\.?[\w~=+/%-]))"""
# A word on a command line: after a backslash it continues only with a character that a shell is told to take
# literally, as anything else ends a text in JSON.
WORD: Final = r"""(?:[^\s"'\\]|\\{1,2}[$!&*\#@%^?;|()])"""
# Refers to a secret that is elsewhere, or describes one.
PLACEHOLDER: Final = r"""(?:[\[(<]?(?:redacted|filtered|hidden|masked|removed|omitted|sensitive(?:[ ]value)?
      |known[ ]after[ ]apply)[\])>]?
    | \*{6,}\w{0,5} | \*{3,} | x{5,} | \.{3} | … | (?-i:\$\{?[A-Z_][A-Z0-9_]{2,}\}?) | \$\d
    | \{\{ | %s | %\( | \?(?=[\s,;)]|$) )"""
_SENTENCE_NAMES: Final = (
    "none null nil undefined true false yes no ok on off not is was set unset empty missing required invalid "
    "expired unknown denied accepted rejected revoked changed rotated renewed enabled disabled failed "
    "success default string str integer int number bool boolean bytes object optional any await new yield "
    "bearer basic digest token apikey negotiate ntlm"
)
END: Final = r"""(?![\w!@#$%^*+/?~-])"""
# Placeholders of a value: %(name)s, {{ name }}, ${name:-…}, $(command), {name}, <your token>, %NAME%.
_FILLED_IN: Final = r"""(?:%\([\w.-]{1,60}\)[sdrf]?|\{\{[^{}\n]{0,80}\}\}|\$\{[^{}\n]{1,80}\}
    |\$\([^()\n]{1,80}\)|\#?\{[a-z_][\w.\[\]]{0,60}(?:![rs])?\}|<[a-z][\w .-]{0,40}>|%[A-Z_]{2,40}%
    |\[%[^%\n]{1,60}%\]
    |@[\w.]{2,40}@)[\"'`]?"""
_ARTICLES: Final = "the a an your my our his her any some this that what whatever which it same one"
_STOP: Final = r"(?=[\s,;)\]}]|$)"
# The name itself again, a placeholder, one of the words above, a call, a variable, a small number, a folder,
# and after a colon and a blank a word followed by another one, which is a sentence.
NOT_A_VALUE: Final = rf"""(?! {_FILLED_IN}{_STOP} | (?<==[ ])(?:{"|".join(_ARTICLES.split())})[ ](?-i:[a-z])
    | (?P=name)(?=[\s,;:=)\]}}]|$)
    | {PLACEHOLDER}(?![\w!@#$%^*+/~-])
    | (?:{"|".join(_SENTENCE_NAMES.split())}){END}
    | (?-i:[a-z_]{{1,40}}[._])[a-z_.]{{0,60}}[(\[] | (?-i:[a-z]{{2,40}}+\(\))
    | [a-z_]{{1,40}}+\.[a-z_.]{{1,60}}+\(["')]
    | (?:some|just|secret(?:str|string|bytes|value)?)\(
    | (?-i:[a-z_]{{1,40}}+\.)[a-z_.]{{0,60}}(?:password|passwd|secret|token|key)s?{_STOP}
    | \d{{1,3}}{_STOP} | (?<=pwd=)/ | (?<=->[ ])[\w.-]{{1,40}}/[\w./-]{{1,80}}{_STOP}
    | (?<=:[ \t])(?-i:[A-Z]?[a-z]+)[.,;:!?)]{{0,3}}[ \t]{{1,8}}[a-z("'] )"""
# Wrappers of a text in reprs, Some("…") and SecretStr('…'), and its opening quote.
QUOTED: Final = rf"""(?:(?:some|just|secret(?:str|string|bytes|value)?)\((?:\w{{1,20}}=)?)?
    [brun]{{0,2}}(?P<quote>{QUOTE})
    (?!(?P=quote)|(?:(?:[a-z-]{{1,20}}+[ \t])?{PLACEHOLDER}|none|null|true|false|\W{{1,3}})(?P=quote))"""
TO_QUOTE: Final = r"(?:(?!(?P=quote))(?:\\.|[^\n]))++"
# Directly after = brackets and the like may be part of a secret. A quote followed by a letter may too, and so
# may a comma, unless the next name follows or a list continues.
_LETTER: Final = r"""[^\s"'`<>,;&(){}\[\]|\\\x1b]"""
_GOES_ON: Final = rf"""(?:["'`](?=\w){_LETTER}{{1,200}}+
    |,(?=[^\s"'`<>,;&(){{}}\[\]|\\\x1b=:]{{1,64}}(?:\s|$)){_LETTER}{{1,64}}+)"""
# Characters that cannot begin a bare value, so that the negative look-aheads are skipped.
FITS: Final = r"""(?=[^\s"'`<>,;&\\]{3})"""
BARE: Final = rf"""(?:(?<==)(?![(){{}}\[\]|])[^\s"'`<>,;&\\\x1b]{{3,}}+|{_LETTER}{{3,}}+){_GOES_ON}{{0,8}}+"""
