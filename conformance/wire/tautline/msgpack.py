"""MessagePack as far as tautline.v1 uses it (§2): no extension types in what is written; read ones are marked."""

import struct


class Truncated(Exception):
    pass


class TooLarge(Exception):
    pass


class Foreign:
    """What no JSON can say: an extension, or a key that is not text."""


class Reader:
    def __init__(self, frame, depth=64, keys=16384):
        self._bytes = frame
        self.at = 0
        self._depth = depth
        self._most_keys = keys
        self._keys = 0

    def message(self):
        self._keys = 0
        return self.value(1)

    def take(self, count):
        end = self.at + count
        if end > len(self._bytes):
            raise Truncated
        piece = self._bytes[self.at : end]
        self.at = end
        return piece

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def value(self, depth):
        code = self.take(1)[0]
        if code <= 0x7F:
            return code
        if code >= 0xE0:
            return code - 256
        if code <= 0x8F:
            return self.map(code & 15, depth)
        if code <= 0x9F:
            return self.array(code & 15, depth)
        if code <= 0xBF:
            return self.text(code & 31)
        if code in SIMPLE:
            return SIMPLE[code]
        if code in NUMBERS:
            return self.number(NUMBERS[code])
        if code in LENGTHS:
            kind, form = LENGTHS[code]
            length = self.number(form)
            if kind in ('map', 'array'):
                return getattr(self, kind)(length, depth)
            return getattr(self, kind)(length)
        if 0xD4 <= code <= 0xD8:
            return self.extension(1 << (code - 0xD4))
        raise ValueError(f'{code:02x} is never used')

    def text(self, length):
        return self.take(length).decode('utf-8')

    def bin(self, length):
        return bytes(self.take(length))

    def extension(self, length):
        self.take(1 + length)
        return Foreign()

    def _enter(self, count, depth):
        if depth > self._depth:
            raise TooLarge
        # Every element has a byte at least: a declared length is not believed.
        if count > len(self._bytes) - self.at:
            raise Truncated

    def array(self, count, depth):
        self._enter(count, depth)
        return [self.value(depth + 1) for _ in range(count)]

    def map(self, count, depth):
        self._enter(2 * count, depth)
        self._keys += count
        if self._keys > self._most_keys:
            raise TooLarge
        out = {}
        for _ in range(count):
            key, value = self.value(depth + 1), self.value(depth + 1)
            out[key if isinstance(key, str) else Foreign()] = value
        return out


SIMPLE = {0xC0: None, 0xC2: False, 0xC3: True}
NUMBERS = {0xCA: '>f', 0xCB: '>d', 0xCC: '>B', 0xCD: '>H', 0xCE: '>I', 0xCF: '>Q', 0xD0: '>b', 0xD1: '>h', 0xD2: '>i', 0xD3: '>q'}
LENGTHS = {
    code: (kind, form)
    for kind, first, forms in (
        ('bin', 0xC4, ('>B', '>H', '>I')),
        ('extension', 0xC7, ('>B', '>H', '>I')),
        ('text', 0xD9, ('>B', '>H', '>I')),
        ('array', 0xDC, ('>H', '>I')),
        ('map', 0xDE, ('>H', '>I')),
    )
    for code, form in enumerate(forms, first)
}


def write(value):
    if value is None or isinstance(value, bool):
        return {None: b'\xc0', False: b'\xc2', True: b'\xc3'}[value]
    if isinstance(value, int):
        if 0 <= value <= 0x7F:
            return bytes([value])
        return b'\xcf' + struct.pack('>Q', value) if value >= 0 else b'\xd3' + struct.pack('>q', value)
    if isinstance(value, float):
        return b'\xcb' + struct.pack('>d', value)
    if isinstance(value, str):
        text = value.encode('utf-8')
        return b'\xdb' + struct.pack('>I', len(text)) + text
    if isinstance(value, (bytes, bytearray)):
        return b'\xc6' + struct.pack('>I', len(value)) + bytes(value)
    if isinstance(value, (list, tuple)):
        return b'\xdd' + struct.pack('>I', len(value)) + b''.join(map(write, value))
    if isinstance(value, dict):
        pairs = (write(key) + write(of) for key, of in value.items())
        return b'\xdf' + struct.pack('>I', len(value)) + b''.join(pairs)
    raise TypeError(f'{type(value).__name__} is no JSON and no bytes')
