"""Frames to values and back (§2), and what application JSON may hold (§2.4)."""

import base64
import json
import re

from . import msgpack

LIMITS = {'bytes': 1048576, 'messages': 1024, 'depth': 64, 'keys': 16384}
MOST = 2**53 - 1
SUBPROTOCOLS = {'json': 'tautline.v1.json', 'msgpack': 'tautline.v1.msgpack'}


class Malformed(Exception):
    close = 4300


class TooLarge(Exception):
    close = 4301


class Unspeakable:
    """In place of a JSON number that a double cannot hold, or an integer literal that is not safe."""


def encode_base64url(value):
    return base64.urlsafe_b64encode(value).rstrip(b'=').decode('ascii')


def decode_base64url(text):
    if not re.fullmatch(r'[A-Za-z0-9_-]*', text) or text.endswith('\n') or len(text) % 4 == 1:
        raise Malformed('not base64url without padding')
    value = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    if encode_base64url(value) != text:
        raise Malformed('bits left over')
    return value


def decode(codec, frame, limits=LIMITS):
    """The values of a frame: text or bytes."""
    if codec == 'json':
        return _decode_json(frame, limits)
    if len(frame) > limits['bytes']:
        raise TooLarge('bytes')
    reader = msgpack.Reader(frame, limits['depth'], limits['keys'])
    values = []
    try:
        while reader.at < len(frame) or not values:
            if len(values) == limits['messages']:
                raise TooLarge('messages')
            values.append(reader.message())
    except msgpack.TooLarge as error:
        raise TooLarge from error
    except (msgpack.Truncated, ValueError) as error:
        raise Malformed from error
    return values


def encode(codec, message):
    if codec == 'msgpack':
        return msgpack.write(message)
    return json.dumps(_writable(message), separators=(',', ':'), ensure_ascii=False)


def _writable(value):
    if isinstance(value, bytes):
        return encode_base64url(value)
    return {key: _writable(of) for key, of in value.items()} if isinstance(value, dict) else value


_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)|[{}\[\]:]', re.DOTALL)


def _check_size(text, limits):
    """Levels and keys, before anything is parsed."""
    depth = keys = 0
    for token in _TOKENS.finditer(text):
        character = text[token.start()]
        if character in '{[':
            depth += 1
            if depth > limits['depth']:
                raise TooLarge('depth')
        elif character in '}]':
            depth -= 1
        elif character == ':':
            keys += 1
            if keys > limits['keys']:
                raise TooLarge('keys')


def _integer(text):
    # More digits than any double can tell apart are not even converted.
    if len(text) > 20 or abs(int(text)) > MOST:
        return Unspeakable()
    return int(text)


def _float(text):
    value = float(text)
    return Unspeakable() if value in (float('inf'), float('-inf')) else value


def _constant(text):
    raise ValueError(text)


def _decode_json(frame, limits):
    if isinstance(frame, bytes):
        try:
            frame = frame.decode('utf-8')
        except UnicodeDecodeError as error:
            raise Malformed from error
    if len(frame.encode('utf-8', 'surrogatepass')) > limits['bytes']:
        raise TooLarge('bytes')
    lines = frame.split('\n')
    values = []
    for line in lines:
        if len(values) == limits['messages']:
            raise TooLarge('messages')
        _check_size(line, limits)
        try:
            values.append(json.loads(line, parse_int=_integer, parse_float=_float, parse_constant=_constant))
        except (ValueError, RecursionError) as error:
            raise Malformed from error
    return values


def deliverable(value):
    """Application JSON as a subscriber gets it; raises ValueError where it is `bad-data` (§2.4)."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        # Half of a surrogate pair becomes U+FFFD.
        return value.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, list):
        return [deliverable(of) for of in value]
    if isinstance(value, dict):
        if any(not isinstance(key, str) or key == '__proto__' for key in value):
            raise ValueError('a key')
        return {deliverable(key): deliverable(of) for key, of in value.items()}
    raise ValueError(type(value).__name__)


def _number(value):
    if value != value or value in (float('inf'), float('-inf')):
        raise ValueError('not a number')
    if isinstance(value, int) and abs(value) > MOST:
        raise ValueError('an integer beyond 2^53 - 1')
    if MOST < abs(value) < 1e21 and value == int(value):
        raise ValueError('a whole number beyond 2^53 - 1')
    return value
