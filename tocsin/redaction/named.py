"""Secrets under a name, in a header or in a sentence that mentions them."""

from __future__ import annotations

from typing import Final

from tocsin.redaction.shape import MASK, Shape, ending, shape
from tocsin.redaction.values import (
    BARE,
    CODES,
    FITS,
    NAME,
    NAME_MARKS,
    NOT_A_VALUE,
    PLACEHOLDER,
    QUOTE,
    QUOTED,
    TO_QUOTE,
    TO_VALUE,
    WORDS,
)

_MASK: Final = MASK.replace("[", r"\[").replace("]", r"\]")
_MIXED: Final = r"(?=[\w.~/-]{0,40}(?:[0-9=]|(?-i:[a-z][A-Z])))"
_PADDING: Final = r"(?:={1,2}|%3d){0,2}(?![\w=])"

# Most names occur in sentences; the rest of the pattern need not be tried there.
_NOT_PROSE: Final = (
    r"""(?=\s{0,40}+(?:[=:：%,>|│"'`\\&\])\x1b]|->|v(?=alue)|\.{4}|[\w:.-]{1,40}+=["'][^<>]{0,200}+>))"""
)
# Separators between a name and its value; each ends with the value as its last group.
_QUOTED_VALUE: Final = rf"{TO_QUOTE}(?:(?P=quote)[ ]->[ ](?P=quote){TO_QUOTE})?"  # before and after
_BARE_VALUE: Final = rf"{FITS}{NOT_A_VALUE}{BARE}"
_UNDER: Final = rf"{TO_VALUE}(?:{QUOTED})?((?(quote){_QUOTED_VALUE}|{_BARE_VALUE}))"
_ENCODED: Final = r"""(?=%)(?:%5c){0,8}(?:%22|%27)?%3[ad](?:%20|\+){0,4}(?:%5c){0,8}(?:%22|%27)?
    ((?:(?!%2[267c]|%7d|%0[ad]|%3b|%5c)[^\s"'`<>,;&]){3,}+)"""
_BESIDE: Final = rf"""(?=["'`\\&\s,]){QUOTE}?+[\s,]{{1,40}}+{QUOTE}?+value{QUOTE}?+
    [ \t]{{0,8}}[=:][ \t]{{0,8}}(?P<mark>{QUOTE})?((?(mark)(?:(?!(?P=mark))(?:\\.|[^\n]))++|{BARE}))"""
_WITHIN: Final = rf"""{QUOTE}[ ]?[:=][ ]?\{{[^{{}}]{{0,200}}?{QUOTE}value{QUOTE}[ ]?[:=][ ]?
    (?P<around>{QUOTE})((?:(?!(?P=around))(?:\\.|[^\n]))++)"""
_FIELD: Final = rf"{QUOTE}(?:\r?\n|\\r\\n){{2}}((?:(?!\\r)[^\r\n])++)"
_ELEMENT: Final = r"""["']?(?:\s{1,40}+[\w:.-]{1,40}+=["'][^<>]{0,200}+)?>
    (?:<!\[CDATA\[|<value>)?([^<>\[\]][^<>\]]*+)(?=</|\]\]>)"""
_ESCAPED_ELEMENT: Final = r"&gt;((?:(?!&lt;)[^<>\n]){1,200}+)(?=&lt;/)"
_CELL: Final = r"""[ \t]{0,40}+[|│][ \t]{0,40}+(?=[^\s|│()]{0,40}\d)([^\s|│()\[\]"']{8,})[ \t]{0,80}[|│]"""

# As some JSON is formatted: the value below its name.
_NEXT_LINE: Final = r"""["'][ \t]{0,8}:[ \t]{0,8}\r?\n[ \t]{0,60}(?P<below>["'])(?!(?P=below))
    ((?:(?!(?P=below))(?:\\.|[^\n]))++)"""

# Letters and digits too random to be a word: nothing else marks them in a sentence.
_DISORDER: Final = r"(?=(?-i:[^A-Z\s]{0,40}+[A-Z]))(?=(?-i:[^a-z\s]{0,40}+[a-z]))(?=[^\d\s]{0,40}+\d)"
_RUN: Final = r"[\w+/~!@\#$%^*?-]{12}"
_STRONG: Final = rf"""(?={_RUN})(?:
    {_DISORDER}[\w+/~!@\#$%^*?-]{{12,}}+={{0,2}}(?=[\s,;.)"'|\]\\]|$)
  | (?=[a-z]{{0,40}}+\d)(?=\d{{0,40}}+[a-z])(?-i:[a-z0-9]{{24,}}+)(?![\w./:-]) )"""
_LIKELY: Final = r"""(?!(?:base|sha|md|argon|utf|rfc|oauth|http)-?\d)(?=[^\s\d]{0,40}+\d)
    (?=[^\sa-z]{0,40}+[a-z])[^\s"'`,;<>()\[\]{}|]{8,}(?<![.:!?])"""
_QUOTED_LIKELY: Final = r"""(?=[^\n]{0,40}\d)(?P<by>["'`])((?:(?!(?P=by))[^\n]){8,80}+)(?=(?P=by))"""
_IN_A_SENTENCE: Final = rf"""(?=(?:[ \t:]|["'][ ]["'])(?!-{{1,2}}[a-z]{{1,20}}+[ ])[^\d]{{0,120}}+\d)(?:
    (?:[ ](?:for|of)(?:[ ][\w.@-]{{1,40}}){{1,5}}?)?[ ](?:now[ ])?
      (?:is|was|will[ ]be|set[ ]to|changed[ ]to|reset[ ]to|ist|lautet|est|es|é|è|jest)(?:[ ]now)?:?[ ]
      (?:{_QUOTED_LIKELY} | ({_LIKELY}))
  | [ ](?:created|generated|issued)[^\n:]{{0,40}}+:[ ]({_LIKELY})
  | [ \t]{{1,40}}(?:(?:value|ascii)[ ])?(?:\d[ ])?(?:(?={_RUN})|[\w.@-]{{1,40}}+/)({_STRONG})
  | [ \t](?P<of>["'`])({_STRONG})(?P=of)
  | [ ]/t[ ]\w{{1,20}}[ ]/d[ ]([^\s"']{{4,}})
  | [ \t]["']((?=[^\s"']{{0,40}}\d)[^"'\n]{{8,64}})["'](?=[ ]for)
  | ["'][ ]["']({_LIKELY})(?=["'])
  | \t({_LIKELY})(?=[\r\n]|$)
  | [ ][a-z][^\n:="'`]{{1,60}}+:[ ](?:({_DISORDER}[^\s/,:"'`<>()\[\]{{}}|]{{12,}})(?=[\s,;]|$))
  | (?:[ ][a-z ]{{0,40}}+)?:[ \t]{{0,8}}(?:\r?\n\s{{0,20}}){{1,3}}((?=[^\s\d]{{0,40}}+\d)[\w+/=-]{{12,}}+)
      (?=[ \t]*(?:[\r\n]|$)) )"""

# A header of many fields: to the quote it is in, or to the end of the line. A quote preceded by = opens one
# of its fields, and one after more backslashes than before its own quote is within it.
_SIGNED: Final = r"""(?(opened)(?:(?!(?<!\\)(?P=opened))[^\n])++
    |(?:[^\n"\\]|\\[^\n]?|(?:(?<==)|(?<==[ ]))"[^"\n]*+"?)++)"""

# Between an ambiguous name and its value; what is no token; and letters after a digit.
_IS: Final = r"""["']?[ ]?(?:=>|[=:])[ ]?["']?"""
_NO_TOKEN: Final = rf"https?:|v?\d{{1,8}}[.-]\d|\d{{8}}t\d|{WORDS}"
_DISORDERED: Final = r"(?=[^\s\d]{0,64}\d)(?=[^\s]{0,64}?\d[a-z])(?=[^\sa-z]{0,64}[a-z])"

NAMED: Final[tuple[Shape, ...]] = (
    shape(
        "authorization",
        "authorization",
        rf"""authorization{TO_VALUE}b?(?P<opened>{QUOTE})?(?:
            (?:digest|hawk|signature|aws4-hmac-sha256)[ \t]{{1,4}}({_SIGNED})
          | (?:bearer|basic|token|api-?key|key|bot|geniekey|negotiate|ntlm)(?:[ \t]|%20|\+){{1,4}}
            ({_MASK}|(?!{PLACEHOLDER})[^\s"'\\,&\])}}]{{4,}}+)
          | [a-z][\w-]{{1,30}}+[ \t]{{1,4}}({_MASK}|(?=[^\s]{{0,60}}\d)[^\s"'\\,&\])}}]{{16,}}+) )""",
    ),
    shape(
        "user and password in a client's settings",
        "auth",
        rf"auth{QUOTE}[ \t]{{0,8}}:[ \t]{{0,8}}{QUOTE}([A-Za-z0-9+/_=-]{{16,}}+)",
    ),
    shape(
        "bearer and basic",
        "bearer basic",
        # In encodings where + is a blank it ends the value too; otherwise each would be a beginning of the
        # whole rest.
        rf"""\b(?:bearer|basic)(?:(?:[ \t]|%20){{1,4}}{_MIXED}([\w.~+/-]{{8,}}+{_PADDING})
            |\+{{1,4}}{_MIXED}([\w.~/-]{{8,}}+{_PADDING}))""",
    ),
    shape(
        "cookies",
        "cookie",
        rf"""cookie2?{TO_VALUE}b?{QUOTE}?(?=[^\s"';=]{{1,80}}=)([^\r\n"'\\]++)""",
    ),
    shape(
        "file of passwords",
        "pass",
        rf"passwd:[^\n]{{1,120}}?[ \[][\w@.-]{{1,60}}:({_MASK}|[^\s\[\]\"\\]{{6,200}})(?=[\]\s\"\\]|$)",
    ),
    shape(
        "code for one sign-in",
        "code",
        rf"code{ending(CODES, ('_', '-', ' '), 'code')}[ ]is:?[ ](\d{{4,10}})(?![\w-])",
    ),
    shape("number of a debugger", "debugger", r"debugger[ ]PIN:[ ](\d{3}-\d{3}-\d{3})"),
    shape(
        "user and password as a pair",
        "auth=(",
        rf"""auth=\([ ]?{QUOTE}[^"'\n]{{0,80}}{QUOTE},[ ]?(?P<quote>{QUOTE})({TO_QUOTE})""",
    ),
    shape("assertion of SAML", "samlresponse= samlrequest=", r"SAML(?:response|request)=([^\s&\"'<>]{8,}+)"),
    shape(
        "session",
        "session",
        rf"""(?<![a-z])session["']?[ ]?(?:=>|[=:])[ ]?["']?(?!{WORDS})
            ((?=[^\d\s]{{0,40}}+\d)[\w+/=.%~-]{{24,}}+)""",
    ),
    shape(
        "secret of Kubernetes",
        ('kind":"secret"', 'kind": "secret"', "kind: secret"),
        r"""(?:kind":[ ]?"Secret"[^{}]{0,60}"(?:string)?data":\s{0,8}
            \{\s{0,40}"[^"]{1,200}":[ ]?"([^{}]+)(?="\s{0,40}\})
            |kind:[ ]Secret\n(?:[^\n]{0,120}\n){0,8}?
            (?:stringData|data):\n([ ]{1,8}[^\n]++(?:\n[ ][^\n]++)*+))""",
    ),
    shape(
        "token under a short name",
        ("csrf", "refresh", "client_assertion", "sk=", 'sk":', 'sk" :', "sk':"),
        # Ambiguous names: only random letters and digits are a token of them.
        rf"""(?<![a-z0-9])(?:
            client_assertion{_IS}((?!{WORDS})[\w.+/=~%-]{{8,}}+)
          | _?csrf{_IS}(?!{_NO_TOKEN}){_DISORDERED}([\w.+/=~%-]{{8,}}+)
          | refresh{_IS}(?!{_NO_TOKEN}){_DISORDERED}(\w[\w.+/=~%-]{{11,}}+)
          | (?<![_.-])sk{_IS}{_DISORDERED}((?!\d{{4}}-)[a-z0-9_]{{12,}}+)(?![\w#:.-]) )""",
    ),
    shape(
        "number to sign in with",
        "pin",
        r"""(?<![a-z])(?<!gpio[_ -])pin["']?(?:[ ]?[:=]|[ ]code:|[ ]is:?)[ ]?["']?
            (\d{4,8})(?![\w.:-]|[ ](?:times|rows|files|packages|pins)\b)""",
    ),
    shape(
        "value that goes by a name",
        NAME_MARKS,
        rf"""{NAME}(?:{_NOT_PROSE}(?:{_BESIDE}|{_WITHIN}|{_UNDER}|{_NEXT_LINE}
            |{_ENCODED}|{_FIELD}|{_ELEMENT}|{_ESCAPED_ELEMENT}|{_CELL})
            |{_IN_A_SENTENCE}|[ ]'[a-z ]{{1,20}}'[ ]({_MASK}|{_STRONG}))""",
    ),
)
