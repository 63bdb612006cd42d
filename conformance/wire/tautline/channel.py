"""One subscription (§5, §6) and the unsettled publishes of one channel (§7), apart from any connection."""

from . import chain


class Subscription:
    """Hears `on(event, detail)`: message, state, lost, gap, fence, stopped."""

    def __init__(self, channel, begin='head', on=lambda event, detail: None):
        self.channel = channel
        self.follower = chain.Follower()
        self.state = 'waiting'
        self._begin = begin
        self._on = on
        self._head = None
        #: A `subscribe` is under way: what breaks the chain meanwhile is of the old attachment (§4.3).
        self._repairing = False

    @property
    def position(self):
        return self.follower.position

    def request(self):
        """A `Sub`: where to go on (§6.1)."""
        return {'ch': self.channel, 'from': self.position or self._begin}

    def joining(self):
        self._enter('joining')
        self._repairing = True

    def waiting(self):
        if self.state != 'stopped':
            self._enter('waiting')

    def stop(self, failure):
        self._enter('stopped')
        self._on('stopped', failure)

    def answered(self, answer):
        """§5.2, §6.2."""
        self._repairing = False
        if answer['mode'] != 'log':
            self._head = None
            return self._enter('live')
        result = self.follower.take({**answer, 'ev': 'sub'})
        self._head = answer['head']
        if result == 'lost':
            self._resync(answer['lost'])
        else:
            self._enter('catching-up')
        self._check_live()

    def push(self, message):
        """True if the chain is broken and is to be repaired: `subscribe` with `request()`."""
        kind = message['ev']
        if kind == 'lost' and message['start'] is None:
            self._resync(message['lost'])
            self._enter('live')
            return False
        if kind == 'pub' and 'off' not in message:
            self._on('message', {**message, 'position': None})
            return False
        result = self.follower.take(message)
        if result == 'applied':
            self._on('message', {**message, 'position': self.position})
        elif result == 'passed':
            self._on('fence', message)
        elif result == 'skipped':
            self._on('gap', message)
        elif result == 'lost':
            self._head = message['start']
            self._resync(message['lost'])
        elif result == 'repair':
            return not self._repairing
        self._check_live()
        return False

    def _resync(self, lost):
        # This program has no snapshot to fetch (§6.4): the loss is told, and what follows `start` is followed.
        self._enter('resyncing')
        self._on('lost', lost)
        self._enter('catching-up')

    def _check_live(self):
        """"p reaches head: live" (§5.3)."""
        if self.state == 'catching-up' and (self._head is None or self.follower.relation(self._head) == 'reached'):
            self._enter('live')

    def _enter(self, state):
        if state != self.state:
            self.state = state
            self._on('state', state)


class Publish:
    def __init__(self, channel, key, body, settled):
        self.channel = channel
        self.key = key
        self.body = body
        #: Server time of the first transmission; repeated unchanged (§7.2).
        self.since = None
        #: The lane in which it was sent on this connection; None: not yet.
        self.lane = None
        self._settled = settled

    def settle(self, outcome, detail):
        """outcome: ok, refused or unknown."""
        self._settled(self, outcome, detail)


class Outbox:
    """The unsettled publishes of one channel, in their first order."""

    def __init__(self):
        self.unsettled = []
        self.lane = 0
        #: Not before that (monotonic seconds): a lane broke.
        self.not_before = 0.0

    def new_connection(self):
        self.lane = 0
        self.not_before = 0.0
        for one in self.unsettled:
            one.lane = None

    def next(self):
        """The next to be sent in this lane."""
        return next((one for one in self.unsettled if one.lane != self.lane), None)

    def in_flight(self):
        return sum(one.lane == self.lane for one in self.unsettled)

    def answered(self, one, sent_in, reply, now):
        """A reply to `one`, sent in the lane `sent_in`. Returns seconds to wait if the lane broke, else None."""
        if one not in self.unsettled:
            return None
        if 'ok' in reply:
            return self._settle(one, 'ok', reply['ok'])
        error = reply['error']
        if error['retry'] == 'no':
            return self._settle(one, 'unknown' if error['code'] == 'key-expired' else 'refused', error)
        if sent_in != self.lane:
            # Aborted: it was sent behind the one that broke the lane, and will be sent again.
            return None
        self.lane += 1
        wait = error.get('after', 200) / 1000
        self.not_before = now + wait
        return wait

    def _settle(self, one, outcome, detail):
        self.unsettled.remove(one)
        one.settle(outcome, detail)
