"""Hostile input, and what has to hold for every answer to it."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from tests.web.reading import Reading

EVIL = "evil"  # the tag, attribute, cookie and header that no answer may have
SUM = "{{7*7919}}"  # a template engine would print the product
PRODUCT = "55433"
FORGED = "web: info a login from 192.168.2.7 was right"

TEXTS: dict[str, str] = {
    # markup
    "script": f"<script {EVIL}>alert(1)</script>",
    "tag": f"<{EVIL} onload=alert(1)>",
    "out of an attribute": f'"><{EVIL}>',
    "out of a short attribute": f"'><{EVIL}>",
    "attribute": f'" autofocus onfocus=alert(1) {EVIL}="',
    "short attribute": f"' onfocus=alert(1) {EVIL}='",
    "out of a script": f"</script></title></textarea></style>--><{EVIL}>",
    "script address": "javascript:alert(document.cookie)",
    "entity": f"&lt;{EVIL}&gt; &#x22; &amp;amp; &",
    # templates and formats
    "template": SUM,
    "template statement": "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "other templates": "${7*7919} #{7*7919} <%= 7*7919 %> {7*7919}",
    "format": "%s%n%(user)s {0.__class__.__init__.__globals__} {password_hash}",
    # headers and log
    "header": f"a\r\nSet-Cookie: {EVIL}=1\r\nX-Evil: 1\r\n\r\n<{EVIL}>",
    "line of the log": f"kari\n{FORGED}",
    "line of the log by other ends": f"kari\x85{FORGED}\u2028{FORGED}\x0b{FORGED}",
    "terminal": "\x1b[2J\x1b]0;evil\x07\x9b31m",
    # paths and commands
    "path": "../../../../../../etc/passwd",
    "encoded path": "..%2f..%2f..%2fetc%2fpasswd%00.txt",
    "other path": "..\\..\\windows\\win.ini",
    "absolute path": "/proc/self/environ",
    "address": "//evil.example/@127.0.0.1:8080",
    "file address": "file:///etc/shadow",
    "command": "$(reboot) `reboot`; reboot | reboot & -rf --help",
    "sql": "kari'; DROP TABLE sessions; --",
    "sql union": "' OR '1'='1' UNION SELECT password FROM users --",
    "formula": '=HYPERLINK("http://evil.example")',
    # characters
    "nul": "ka\0ri",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f",
    "direction": "\u202eirak\u2066\u200b\ufeff",
    "half of a pair": "\ufffd\ufffe\uffff",
    "many accents": "e" + "\u0301" * 3000,
    "beyond the plane": "\U0001f9fe\U0010ffff" * 20,
    # numbers
    "not a number": "nan",
    "infinite": "-inf",
    "beyond a float": "1e999",
    "beyond digits": "9" * 5000,
    "negative": "-1",
    "huge integer": "18446744073709551616",
    "other digits": "\u0661\u0662",
    "underline in a number": "1_6",
    "hexadecimal": "0x10",
    "comma": "16,5",
    "minus zero": "-0.0",
    # nothing, and much
    "nothing": "",
    "blanks": " \t\u00a0 ",
    "huge": "x" * 60_000,
    "list": '["a"]',
    "deep": "[" * 20_000,
}
"""What is typed into a field, by what it attacks."""

BYTES: dict[str, bytes] = {
    "no UTF-8": b"\xff\xfe",
    "a part of a character": b"\xc3(",
    "overlong": b"\xc0\xaf\xe0\x80\xaf",
    "a half of a pair": b"\xed\xa0\x80",
    "encoded no UTF-8": b"%ff%fe",
    "encoded half of a pair": b"%ed%a0%80",
    "encoded nul": b"%00",
    "a broken encoding": b"%zz%",
    "other ends of lines": b"%0d%0a%c2%85%e2%80%a8",
}
"""What is sent as the value of a field, as it is."""

DEEP = 20_000
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "form": b"a=b",
    "null": b"null",
    "number": b"1",
    "text": b'"x"',
    "list": b"[]",
    "not a number": b'{"seconds": NaN, "power_w": NaN, "limit_a": NaN}',
    "infinite": b'{"seconds": Infinity, "power_w": 1e999, "limit_a": -1e999}',
    "deep list": b"[" * DEEP,
    "deep list, closed": b"[" * DEEP + b"]" * DEEP,
    "deep map": b'{"a":' * DEEP,
    "deep value": b'{"uid":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "no UTF-8": b'{"uid": "\xff\xfe"}',
    "no UTF-8 in a name": b'{"\xff": 1}',
    "half of a pair": b'{"uid": "\\ud800"}',
    "nul": b'{"uid": "\\u0000"}',
    "UTF-16": '{"uid": "x"}'.encode("utf-16"),
    "mark of UTF-8": b'\xef\xbb\xbf{"uid": "x"}',
    "duplicate names": b'{"uid": "x", "uid": "y", "seconds": 1, "seconds": 1e9}',
    "unknown name": b'{"__class__": "x", "__proto__": {"a": 1}, "constructor": 1}',
    "huge integer": b'{"seconds": ' + b"9" * 5000 + b"}",
    "huge text": b'{"uid": "' + b"x" * 60_000 + b'"}',
    "many names": b"{" + b",".join(b'"n%d":1' % n for n in range(5000)) + b"}",
    "two values": b"{}{}",
    "script": b'{"uid": "<script evil>", "name": "<evil>"}',
    "types": b'{"uid": 1, "name": 1, "on": "yes", "seconds": "1", "current_a": {"a": 1}, '
    b'"power_w": [], "limit_a": "16", "pause": 2, "closed": null}',
}
"""Bodies for what expects JSON."""

KINDS_OF_BODY = (
    "",
    "text/plain",
    "text/html; charset=utf-7",
    "application/json; charset=utf-16",
    'application/x-www-form-urlencoded; charset="<evil>"',
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=x",
    "application/xml",
    "a/b" * 2000,
)

MOST_STATUS = 499
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Case:
    """What was sent, to be named where a test fails."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def judge(answer: TestResponse, case: Case) -> None:
    """Assert that an answer explains itself, and has nothing of what was sent but as a text."""
    assert answer.status_code <= MOST_STATUS, f"{case}: {answer.status}"
    _judge_headers(answer, case)
    text = answer.get_data(as_text=True)
    assert PRODUCT not in text, f"{case}: a template was filled in"
    assert "Traceback" not in text, case
    if answer.status_code in (301, 302, 303, 308) or not text:
        return
    if answer.mimetype == "application/json":
        _judge_json(json.loads(text), answer.status_code, case)
    elif answer.mimetype == "text/html":
        _judge_page(Reading(text), answer.status_code, case)
    else:
        assert answer.mimetype in ("text/plain", "text/css", "text/javascript", "image/svg+xml")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def judge_log(lines: list[tuple[str, str]], case: Case) -> None:
    """Assert that each line of the log is one line, and that no failure is among them."""
    for level, line in lines:
        assert level != "error", f"{case}: {line}"
        assert not _CONTROLS.search(line), f"{case}: {line!r}"
        assert len(line) < 1000, f"{case}: {line[:80]!r}..."


def _judge_headers(answer: TestResponse, case: Case) -> None:
    names = {name.lower() for name, _ in answer.headers}
    assert "x-evil" not in names, case
    assert {"content-security-policy", "x-content-type-options"} <= names, case
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert cookie.startswith("wallbox_"), f"{case}: {cookie}"
    location = answer.headers.get("Location")
    if location is not None:
        parts = urlsplit(location)
        assert parts.netloc in ("", "localhost"), f"{case}: {location}"
        assert parts.scheme in ("", "http"), f"{case}: {location}"


def _judge_json(value: Any, status: int, case: Case) -> None:
    if status >= 400:
        assert isinstance(value, dict), case
        assert isinstance(value.get("reason"), str), case
        assert value["reason"].strip(), case


def _judge_page(page: Reading, status: int, case: Case) -> None:
    for element in page.elements:
        assert element.tag != EVIL, f"{case}: {element}"
        assert EVIL not in element.attributes, f"{case}: {element}"
        assert not any(name.startswith("on") for name in element.attributes), f"{case}: {element}"
        if element.tag == "script" and "src" not in element.attributes:
            assert element.attributes.get("type") == "application/json", f"{case}: {element}"
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            address = element.attributes.get(name, "/")
            assert address.startswith(("/", "#", "data:image/")), f"{case}: {address!r}"
            assert not address.startswith("//"), f"{case}: {address!r}"
    if status >= 400:
        alerts = [each.text.strip() for each in page.find(role="alert")]
        alerts += [each.text.strip() for each in page.elements if each.tag == "h1"]
        assert any(alerts), f"{case}: {status} without a word"
