"""The forms of texts that are secrets by themselves, and the names of keys whose values are."""

import re
from typing import Final

# https://docs.gitlab.com/security/tokens/#token-prefixes
# https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_TOKENS: Final = (
    r"gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|wt|soat|ffct)-[\w.=-]{10,}",
    r"gh[pousr]_[A-Za-z0-9]{20,}",
    r"github_pat_\w{20,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"xox[abeoprs]-[\w-]{10,}",
    r"hooks\.slack\.com/services/[\w/-]+",
    r"pul-[0-9a-f]{40}",
    r"npm_[A-Za-z0-9]{30,}",
    r"pypi-[\w-]{40,}",
    r"dckr_pat_[\w-]{20,}",
    r"[srp]k_(?:live|test)_[A-Za-z0-9]{16,}",
    r"AIza[\w-]{35}",
    r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?",  # a JSON web token
    r"hvs\.[\w-]{20,}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{20,}",
    r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}",  # a bcrypt hash
)
TOKEN: Final = re.compile("|".join(_TOKENS))

PEM: Final = re.compile(r"-----BEGIN(?P<what>[A-Z0-9 ]{0,40})-----(?:.*?-----END[A-Z0-9 ]{0,40}-----|.*\Z)", re.DOTALL)
"""A block of PEM, or the beginning of one whose end is cut off."""
SCHEME: Final = re.compile(r"(?P<before>://[^\s/:@\"']{0,64}:)[^\s/@\"']+(?=@)")
"""The password in an address."""
HEADER: Final = re.compile(r"(?P<before>\b(?:bearer|basic)\s+)(?=[\w.~+/-]*[\d=])[\w.~+/-]{8,}=*", re.IGNORECASE)
"""What follows the scheme in a header `Authorization`."""
AWS_KEY: Final = re.compile(
    r"(?<![A-Za-z0-9/+])(?=\S{0,39}[a-z])(?=\S{0,39}[A-Z])(?=\S{0,39}\d)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)
"""Forty characters of base64, the form of a secret access key."""

_KEY_WORDS: Final = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|token|credential|api[_-]?key|app[_-]?key|private[_-]?key|access[_-]?key"
    r"|client[_-]?key|signing[_-]?key|encryption[_-]?key|key[_-]?data|kube[_-]?config|connection[_-]?string|bcrypt"
)
PARTS: Final = ("pass", "pwd", "secret", "token", "credential", "key", "kube", "connection", "bcrypt")
"""What a text has, in lower case, that names such a key: looked for first, for it is quick."""
SECRET_NAME: Final = re.compile(_KEY_WORDS, re.IGNORECASE)
"""Part of the name of a key whose value is a secret, unless the name is of a reference."""
REFERENCE: Final = re.compile(
    r"existing|(?:name|names|id|ids|arn|arns|ref|refs|selector|namespace|length|version|ttl|type|policy|days|seconds"
    r"|minutes|path|file|format|url|uri|mode|enabled|required|rotation|keys?selector|updated?|expiry|algorithm|spec"
    r"|publisher|options?|labels?|annotations?)\Z",
    re.IGNORECASE,
)
"""The end of a name that leads to a secret, or describes it, and is none."""

# `password: x`, `DB_PASSWORD=x`, `"token": "x"` and that within a JSON text, and `the password is x` of a sentence.
ASSIGNMENT: Final = re.compile(
    rf"(?P<before>(?P<name>(?:{_KEY_WORDS})[\w.-]{{0,32}})(?:\\*[\"'])?(?:\s{{0,3}}[:=]>?\s{{0,3}}|\s+(?:is|was)\s+))"
    r"(?P<value>\\*\"(?:[^\"\\]|\\[^\"])*\\*\"|\\*'[^'\n]*'|[^\s,;&\"'\\{\[}\]][^\s,;&\"'\\}\]]*)",
    re.IGNORECASE,
)
_HARMLESS: Final = (
    "a an and are as at be been being by cannot defined deprecated empty expired false for from given in incorrect "
    "invalid known later left locked longer malformed missing must needed never nil no none not null of on only "
    "optional or out required set shorter should that the this to too true undefined unexpected unknown unset used "
    "valid when with wrong you"
)
HARMLESS: Final = frozenset(_HARMLESS.split())
"""Words that follow `is` or a colon in a sentence about a secret."""

BASE64: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,}={0,2}")
"""What may be base64 of something."""
COMPRESSED: Final = "H4sI"
"""How base64 of gzip begins, the form of compressed user data, which nobody can read in a diff."""
