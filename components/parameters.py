"""Plain data as the text of a KFP parameter, and back.

KFP hands a step all its parameters as one argument of a command, and Linux refuses an argument of
128 KiB. A manifest of some hundred tensors would come near that, so long texts travel compressed.
"""

import base64
import json
import zlib
from typing import Any

LONG = 8192
MARK = "zlib:"


def pack(data: Any, *, always: bool = False) -> str:
    """JSON data as text: plain while it is short, compressed when it is long.

    With `always` it is compressed when short, too. KFP puts a parameter that is a part of another
    one into it as it is, in the midst of JSON; a compressed text has neither quotes nor spaces.

    The same data give the same text, since KFP's cache goes by it.

    Raises:
        ValueError: a NaN or an infinity, which is no JSON.
    """
    text = json.dumps(data, sort_keys=True, allow_nan=False)
    if len(text) < LONG and not always:
        return text
    return MARK + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(text: str) -> Any:
    """What `pack` packed."""
    if text.startswith(MARK):
        text = zlib.decompress(base64.b64decode(text[len(MARK) :])).decode()
    return json.loads(text)
