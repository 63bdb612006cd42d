"""Runs the vectors of conformance/wire/vectors (their README says what they mean)."""

import json
from pathlib import Path

from . import chain, commands, frames, names

FOLDER = Path(__file__).parent.parent / 'vectors'


def load(name):
    return json.loads((FOLDER / name).read_text('utf-8'))


def frame_of(case):
    if 'text' in case:
        return case['text']
    if 'parts' in case:
        return ''.join(piece * count for piece, count in case['parts'])
    return bytes.fromhex(case.get('hex') or ''.join(piece * count for piece, count in case.get('hexParts', ())))


def plain(value):
    if isinstance(value, bytes):
        return {'$bytes': value.hex()}
    if isinstance(value, list):
        return [plain(of) for of in value]
    return {key: plain(of) for key, of in value.items()} if isinstance(value, dict) else value


def same(one, other):
    """Equal, and 1 is not True."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(of, other[key]) for key, of in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


class Run:
    def __init__(self):
        self.passed = 0
        self.failed = []

    def check(self, label, seen, expected):
        if same(seen, expected):
            self.passed += 1
        else:
            self.failed.append(f'{label}: expected {expected!r}, seen {seen!r}')


def run_frames(run):
    vectors = load('frames.json')
    for case in vectors['cases']:
        codec = case['codec']
        try:
            values = frames.decode(codec, frame_of(case), vectors['limits'])
            result = 'messages'
        except frames.Malformed:
            values, result = [], 'malformed'
        except frames.TooLarge:
            values, result = [], 'too-large'
        run.check(case['id'], result, case['result'])
        if 'values' in case:
            run.check(case['id'] + ' values', [plain(value) for value in values], case['values'])
            for value in values:
                again = frames.decode(codec, frames.encode(codec, value))
                if codec == 'msgpack' or not isinstance(value, dict) or 'bytes' not in value:
                    run.check(case['id'] + ' again', [plain(of) for of in again], [plain(value)])
    for case in vectors['base64url']:
        try:
            seen = frames.decode_base64url(case['text']).hex()
        except frames.Malformed:
            seen = None
        run.check('base64url ' + repr(case['text']), seen, case.get('hex'))
        if 'hex' in case:
            run.check('base64url ' + case['hex'], frames.encode_base64url(bytes.fromhex(case['hex'])), case['text'])


def run_chain(run):
    for case in load('chain.json')['cases']:
        known = {int(offset): name for offset, name in case.get('known', {}).items()}
        follower = chain.Follower(case['position'], case['wire'], known, case.get('passed', ()))
        for i, step in enumerate(case['steps']):
            seen = [follower.take(step['message']), follower.position, follower.wire]
            run.check(f"{case['id']} step {i}", seen, [step['result'], step['position'], step['wire']])


def run_names(run):
    vectors = load('names.json')
    for case in vectors['channels']:
        run.check('channel ' + repr(case['name']), names.is_channel(case['name']), case['valid'])
    for case in vectors['patterns']:
        run.check('pattern ' + repr(case['pattern']), names.is_pattern(case['pattern']), case['valid'])
    for case in vectors['matches']:
        label = f"{case['pattern']} {case['channel']}"
        run.check(label, names.matches(case['pattern'], case['channel']), case['matches'])


def run_commands(run):
    for case in load('commands.json')['cases']:
        frame = json.dumps(case['command'], ensure_ascii=False) if 'command' in case else frame_of(case)
        seen = list(commands.judge('json', frame))
        expected = [case['result'], *[case[field] for field in ('code', 'field', 'close') if field in case]]
        run.check(case['id'], seen[: len(expected)], expected)


def run_positions(run):
    vectors = load('positions.json')
    for case in vectors['values']:
        message = {'id': 7, 'op': 'subscribe', 'ch': 'a', 'from': case['value']}
        expected = ['accepted'] if case['valid'] else ['error', 'bad-request', case['field']]
        run.check('from ' + repr(case['value'])[:60], list(commands.judge('json', json.dumps(message))), expected)
    for case in vectors['relations']:
        passed = [(fence['from'], fence['epoch']) for fence in case['passed']]
        run.check(case['id'], chain.relation(case['position'], passed, case['other']), case['relation'])


def run_numbers(run):
    vectors = load('numbers.json')
    for case in vectors['numbers'] + vectors['values']:
        expected = case['becomes'] if case['result'] == 'accepted' else 'bad-data'
        if case in vectors['numbers'] and case['result'] == 'accepted':
            expected = float(expected)
        for codec, written in (('json', case.get('json')), ('msgpack', case.get('msgpack'))):
            if written is None:
                continue
            try:
                (value,) = frames.decode(codec, written if codec == 'json' else bytes.fromhex(written))
                seen = frames.deliverable(value)
            except ValueError:
                seen = 'bad-data'
            run.check(f'{codec} {written}', seen, expected)


def main():
    run = Run()
    for runner in (run_frames, run_chain, run_names, run_commands, run_positions, run_numbers):
        runner(run)
    for line in run.failed:
        print('FAILED', line)
    print(f'{run.passed} passed, {len(run.failed)} failed')
    return 1 if run.failed else 0
