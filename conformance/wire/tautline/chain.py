"""Where a client stands in one channel (§4.3, §4.5, §6.2). Pure: messages go in, results come out."""

from collections import OrderedDict

#: Ids that are remembered, to tell a duplicate from a strange entry at an old offset (rule 5), and fences passed.
REMEMBERED = 1000


class Follower:
    def __init__(self, position=None, wire=None, known=(), passed=()):
        #: The position, a dict as it came; None: not known yet.
        self.position = position
        #: The wire epoch (§4.2).
        self.wire = wire
        self._known = OrderedDict(known)
        self._fences = OrderedDict((epoch, None) for epoch in passed)

    def take(self, message):
        """applied, dropped, passed, skipped, answered, lost or repair."""
        return getattr(self, '_' + message['ev'])(message)

    def _pub(self, e):
        p, off, epoch = self.position, e['off'], self.wire
        prev = e.get('prev', off - 1)
        if p is None or epoch != p['epoch']:
            return 'repair'
        # 1. "A publication with e = p.epoch, prev = p.offset and off > p.offset MUST be applied."
        if prev == p['offset'] and off > p['offset']:
            self.position = {'epoch': epoch, 'offset': off, 'id': e['id']}
            self._remember(self._known, off, e['id'])
            return 'applied'
        # 5. "… and off <= p.offset MUST be dropped, provided that its id is not known to differ."
        if off <= p['offset']:
            known = p['id'] if off == p['offset'] else self._known.get(off, e['id'])
            return 'dropped' if known == e['id'] else 'repair'
        # 6. "Anything else is a broken chain."
        return 'repair'

    def _fence(self, f):
        self.wire = f['epoch']
        p, begin = self.position, f['from']
        # 2. "A fence whose from.offset = p.offset and from.id = p.id is passed: p.epoch := its epoch."
        if p is not None and begin['offset'] == p['offset'] and begin['id'] == p['id']:
            self.position = {**p, 'epoch': f['epoch']}
            self._remember(self._fences, f['epoch'], begin)
            return 'passed'
        # 4. "A fence to the epoch p is in, or one the client remembers having passed, is dropped."
        if p is not None and (f['epoch'] == p['epoch'] or f['epoch'] in self._fences):
            return 'dropped'
        return 'repair'

    def _gap(self, gap):
        to = gap['to']
        self.wire = to['epoch']
        # 3. "A gap with to.offset > p.offset sets p := gap.to. One with … is dropped if to is of p's epoch."
        if self.position is None:
            return 'repair'
        if to['offset'] > self.position['offset']:
            self.position = to
            return 'skipped'
        return 'dropped' if to['epoch'] == self.position['epoch'] else 'repair'

    def _sub(self, answer):
        start, p = answer['start'], self.position
        self.wire = start['epoch']
        if answer['outcome'] == 'recovered' and p is not None:
            if p['offset'] == start['offset'] and p['id'] == start['id']:
                self.position = {**p, 'epoch': start['epoch']}
            return 'answered'
        self._begin(start)
        return 'lost' if answer['outcome'] == 'lost' else 'answered'

    def _lost(self, message):
        self.wire = message['start']['epoch']
        self._begin(message['start'])
        return 'lost'

    def _begin(self, start):
        self.position = start
        self._known.clear()

    @staticmethod
    def _remember(memory, key, value):
        memory[key] = value
        if len(memory) > REMEMBERED:
            memory.popitem(last=False)

    def relation(self, other):
        """§4.5: reached, diverged or ahead."""
        fences = [(begin, epoch) for epoch, begin in self._fences.items() if begin is not None]
        return relation(self.position, fences, other)


def relation(p, fences, q):
    """p against q, for a client that has passed `fences`: pairs of `from` and `epoch`."""
    if p['epoch'] == q['epoch'] and p['offset'] >= q['offset']:
        return 'reached'
    for begin, _epoch in fences:
        if begin['epoch'] == q['epoch']:
            return 'reached' if begin['offset'] >= q['offset'] else 'diverged'
    return 'ahead'
