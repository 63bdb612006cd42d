"""How a server judges the shape of a command (§3.2, §2.5, §11.2), with the default limits."""

import json

from . import frames, names

MOST = 2**53 - 1
BODY = 65536


class Refused(Exception):
    def __init__(self, code, field=None):
        super().__init__(code, field)
        self.code = code
        self.field = field


MISSING = object()


def judge(codec, frame):
    """('accepted',), ('error', code, field) or ('close', code)."""
    try:
        (message,) = frames.decode(codec, frame)
    except (frames.Malformed, frames.TooLarge) as error:
        return ('close', error.close)
    if not isinstance(message, dict):
        return ('close', 4300)
    number, op = message.get('id'), message.get('op')
    if not _integer(number) or not 0 <= number <= MOST or (number == 0 and op != 'pong'):
        return ('close', 4300)
    try:
        if not isinstance(op, str):
            raise Refused('bad-request', 'op')
        if op not in OPS:
            raise Refused('unsupported', 'op')
        OPS[op](message)
        if _unspeakable(message):
            raise Refused('bad-data')
        _speakable(message, op)
    except Refused as refused:
        return ('error', refused.code, refused.field)
    return ('accepted',)


def _integer(value):
    return isinstance(value, int) and not isinstance(value, bool) or isinstance(value, float) and value == int(value)


def whole(message, field, least=0, path=None):
    value = message.get(field, MISSING)
    if not _integer(value) or not least <= value <= MOST:
        raise Refused('bad-request', path or field)


def clamped(message, field, path=None):
    whole(message, field, -MOST, path)


def text(message, field, most, least=1, ascii_only=False, path=None):
    value = message.get(field, MISSING)
    good = isinstance(value, str) and least <= len(value.encode('utf-8', 'surrogatepass')) <= most
    if not good or (ascii_only and any(not '!' <= character <= '~' for character in value)):
        raise Refused('bad-request', path or field)


def flag(message, field, path=None):
    if field in message and not isinstance(message[field], bool):
        raise Refused('bad-request', path or field)


def name(message, pattern, path='ch'):
    check = names.is_pattern if pattern else names.is_channel
    if not check(message.get('ch')):
        raise Refused('bad-request', path)


def position(value, path):
    if not isinstance(value, dict):
        raise Refused('bad-request', path)
    text(value, 'epoch', 128, ascii_only=True, path=f'{path}.epoch')
    whole(value, 'offset', path=f'{path}.offset')
    text(value, 'id', 64, least=0, ascii_only=True, path=f'{path}.id')


def sub(message, at=''):
    name(message, True, f'{at}ch')
    begin = message.get('from', MISSING)
    if isinstance(begin, dict) and 'last' in begin:
        clamped(begin, 'last', f'{at}from.last')
    elif begin != 'head':
        position(begin, f'{at}from')
    policy = message.get('policy', 'lossless')
    if isinstance(policy, dict):
        clamped(policy, 'drop', f'{at}policy.drop')
    elif policy not in ('lossless', 'latest', 'disconnect'):
        raise Refused('bad-request', f'{at}policy')
    if 'token' in message:
        text(message, 'token', 8192, path=f'{at}token')
    for field in ('presence', 'conflate', 'server'):
        flag(message, field, f'{at}{field}')


def connect(message):
    text(message, 'client', 64, ascii_only=True)
    features = message.get('features')
    if not isinstance(features, list) or len(features) > 32:
        raise Refused('bad-request', 'features')
    for feature in features:
        text({'features': feature}, 'features', 64, ascii_only=True)
    if 'token' in message:
        text(message, 'token', 8192)
    resume = message.get('resume', [])
    if not isinstance(resume, list):
        raise Refused('bad-request', 'resume')
    if len(resume) > 1000:
        raise Refused('limit', 'resume')
    for i, entry in enumerate(resume):
        if not isinstance(entry, dict):
            raise Refused('bad-request', f'resume.{i}')
        sub(entry, f'resume.{i}.')


def body(message):
    if ('data' in message) == ('bytes' in message):
        raise Refused('bad-data', 'data')
    if 'bytes' not in message or isinstance(message['bytes'], bytes):
        return
    try:
        frames.decode_base64url(message['bytes'])
    except (frames.Malformed, TypeError) as error:
        raise Refused('bad-data', 'bytes') from error


def publish(message):
    name(message, False)
    text(message, 'key', 64, ascii_only=True)
    whole(message, 'since')
    whole(message, 'lane')
    body(message)
    if 'state' in message:
        text(message, 'state', 128)


def history(message):
    if 'after' in message and 'before' in message:
        raise Refused('bad-request', 'before')
    name(message, False)
    for field in ('after', 'before'):
        if field in message:
            position(message[field], field)
    clamped(message, 'limit')


def presence(message):
    name(message, False)
    if 'page' in message:
        text(message, 'page', 256, ascii_only=True)


def rpc(message):
    text(message, 'method', 128, ascii_only=True)
    clamped(message, 'ms')
    body(message)
    flag(message, 'stream')


def pong(message):
    if message['id'] != 0:
        raise Refused('bad-request', 'id')


OPS = {
    'connect': connect,
    'subscribe': sub,
    'unsubscribe': lambda message: name(message, True),
    'publish': publish,
    'history': history,
    'presence': presence,
    'rpc': rpc,
    'cancel': lambda message: whole(message, 'call', 1),
    'refresh': lambda message: text(message, 'token', 8192),
    'ping': lambda message: None,
    'pong': pong,
}


def _unspeakable(value):
    if isinstance(value, dict):
        return any(_unspeakable(of) for of in value.values())
    return any(map(_unspeakable, value)) if isinstance(value, list) else isinstance(value, frames.Unspeakable)


def _speakable(message, op):
    """The body itself: what it may hold, and how large it may be."""
    if op not in ('publish', 'rpc'):
        return
    if 'bytes' in message:
        value = message['bytes']
        size = len(value) if isinstance(value, bytes) else len(frames.decode_base64url(value))
        field = 'bytes'
    else:
        try:
            value = frames.deliverable(message['data'])
        except ValueError as error:
            raise Refused('bad-data', 'data') from error
        size = len(json.dumps(value, separators=(',', ':'), ensure_ascii=False).encode('utf-8'))
        field = 'data'
    if size > BODY:
        raise Refused('too-large', field)
