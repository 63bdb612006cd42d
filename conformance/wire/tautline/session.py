"""A client: one connection after another, and what outlives them. JSON or MessagePack over `websockets`."""

import asyncio
import hashlib
import random
import secrets
import time

import websockets

from . import frames
from .channel import Outbox, Publish, Subscription

#: Frames of a server may be large: a page of history holds many bodies.
FROM_SERVER = {'bytes': 64 << 20, 'messages': 1 << 16, 'depth': 128, 'keys': 1 << 22}
#: What §2.3 leaves to be configured.
PROBE = 5.0
PUBLISHES_IN_FLIGHT = 64


class Stopped(Exception):
    """A close code or an error after which a client must not come back by itself (§11.5)."""


class Client:
    def __init__(self, url, codec='json', token=None, client=None, backoff=(0.5, 20.0), log=lambda event, detail: None):
        self._url = url
        self._codec = codec
        self._token = token
        self.client = client or frames.encode_base64url(secrets.token_bytes(16))
        self._backoff = backoff
        self._log = log
        self._subscriptions = {}
        self._outboxes = {}
        self._socket = None
        self._connected = None
        self._pending = {}
        self._number = 0
        self._heard = 0.0
        self._bye = None
        self._server_clock = 0.0
        self._changed = asyncio.Event()
        self._unanswered = set()

    @property
    def peer(self):
        """§3.2.1: the first 96 bits of SHA-256 over `client`."""
        return frames.encode_base64url(hashlib.sha256(self.client.encode()).digest()[:12])

    def subscribe(self, channel, begin, on):
        subscription = self._subscriptions[channel] = Subscription(channel, begin, on)
        if self._connected:
            self._ask(subscription)
        return subscription

    def publish(self, channel, data, settled):
        """Resolves by `settled(publish, outcome, detail)`, over as many connections as it takes."""
        one = Publish(channel, frames.encode_base64url(secrets.token_bytes(12)), {'data': data}, settled)
        self._outboxes.setdefault(channel, Outbox()).unsettled.append(one)
        self._pump()
        return one

    async def call(self, method, data, ms=5000):
        return await self._request({'op': 'rpc', 'method': method, 'ms': ms, 'data': data})

    async def request(self, command):
        return await self._request(command)

    async def run(self):
        """Until cancelled, or `Stopped`."""
        attempt = 0
        while True:
            began = time.monotonic()
            code, after = await self._one_connection()
            attempt = 0 if self._connected and time.monotonic() - began > 1 else attempt + 1
            self._connected = None
            self._log('closed', code)
            action = action_of(code)
            if action == 'stop':
                raise Stopped(code)
            low, high = self._backoff
            wait = random.uniform(0, min(high, low * 2 ** (attempt - 1))) if attempt > 0 else 0
            await asyncio.sleep(0 if action == 'return' else max(wait, (after or 0) / 1000))

    async def _one_connection(self):
        self._bye = None
        self._pending = {}
        self._number = 0
        watch = None
        try:
            # The protocol has a heartbeat of its own; pings of WebSocket do not count (§11.1).
            async with websockets.connect(
                self._url, subprotocols=[frames.SUBPROTOCOLS[self._codec]], ping_interval=None, max_size=None
            ) as socket:
                if socket.subprotocol != frames.SUBPROTOCOLS[self._codec]:
                    raise Stopped('the server does not speak tautline.v1')
                self._socket = socket
                self._heard = time.monotonic()
                self._send_connect()
                watch = asyncio.create_task(self._watch(socket))
                async for frame in socket:
                    self._heard = time.monotonic()
                    for message in frames.decode(self._codec, frame, FROM_SERVER):
                        self._message(message)
            code = socket.close_code
        except websockets.ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else 1006
        except websockets.InvalidStatusCode as error:
            code = 1006 if error.status_code >= 500 or error.status_code == 429 else 1008
        except (frames.Malformed, frames.TooLarge) as error:
            raise Stopped(f'the server does not speak tautline.v1: {error}') from error
        except (OSError, asyncio.TimeoutError, websockets.WebSocketException):
            code = 1006
        finally:
            if watch:
                watch.cancel()
            self._end()
        bye = self._bye or {}
        return bye.get('code', code), bye.get('after')

    def _end(self):
        self._socket = None
        for reply in self._pending.values():
            reply(None)
        self._pending = {}
        for subscription in self._subscriptions.values():
            subscription.waiting()

    # -- what is sent

    def _send(self, message):
        task = asyncio.create_task(self._write(self._socket, frames.encode(self._codec, message)))
        self._unanswered.add(task)
        task.add_done_callback(self._unanswered.discard)

    @staticmethod
    async def _write(socket, frame):
        try:
            await socket.send(frame)
        except websockets.ConnectionClosed:
            pass

    def _command(self, command, reply):
        self._number += 1
        self._pending[self._number] = reply
        self._send({'id': self._number, **command})

    async def _request(self, command):
        answer = asyncio.get_running_loop().create_future()
        self._command(command, lambda reply: answer.done() or answer.set_result(reply))
        return await answer

    def _send_connect(self):
        resumed = [one for one in self._subscriptions.values() if one.state != 'stopped']
        for subscription in resumed:
            subscription.joining()
        command = {'op': 'connect', 'client': self.client, 'features': [], 'resume': [one.request() for one in resumed]}
        if self._token is not None:
            command['token'] = self._token
        for outbox in self._outboxes.values():
            outbox.new_connection()
        self._command(command, self._on_connect)

    def _on_connect(self, reply):
        if reply is None:
            return
        if 'error' in reply:
            self._log('refused', reply['error'])
            if reply['error']['retry'] in ('no', 'auth'):
                self._bye = {'code': 4400}
            return
        self._connected = reply['ok']
        # "Connected.time plus what a monotonic clock has counted since" (§7.2)
        self._server_clock = self._connected['time'] - time.monotonic() * 1000
        self._log('connected', self._connected)
        self._pump()

    def _ask(self, subscription):
        subscription.joining()

        def on_reply(reply):
            if reply is None:
                return
            if 'ok' in reply:
                return subscription.answered(reply['ok'])
            self._failed(subscription, reply['error'])

        self._command({'op': 'subscribe', **subscription.request()}, on_reply)

    def _failed(self, subscription, failure):
        """§5.3, §6.2: a refusal stops; whatever is temporary is tried again from the same position."""
        if failure['retry'] in ('no', 'auth'):
            return subscription.stop(failure)
        subscription.waiting()
        socket = self._socket
        wait = failure.get('after', 200) / 1000
        asyncio.get_running_loop().call_later(wait, lambda: socket is self._socket and socket and self._ask(subscription))

    def _pump(self):
        if not self._connected or not self._socket:
            return
        now = time.monotonic()
        for outbox in self._outboxes.values():
            while outbox.in_flight() < PUBLISHES_IN_FLIGHT and now >= outbox.not_before:
                one = outbox.next()
                if one is None:
                    break
                self._transmit(outbox, one)

    def _transmit(self, outbox, one):
        if one.since is None:
            one.since = round(self._server_clock + time.monotonic() * 1000)
        lane = one.lane = outbox.lane

        def on_reply(reply):
            if reply is None:
                return
            wait = outbox.answered(one, lane, reply, time.monotonic())
            if wait is not None:
                asyncio.get_running_loop().call_later(wait + 0.001, self._pump)
            self._pump()

        command = {'op': 'publish', 'ch': one.channel, 'key': one.key, 'since': one.since, 'lane': lane, **one.body}
        self._command(command, on_reply)

    # -- what comes

    def _message(self, message):
        if 'ev' not in message:
            reply = self._pending.pop(message['id'], None)
            return reply(message) if reply else None
        event = message['ev']
        if event in ('pub', 'fence', 'gap', 'lost'):
            subscription = self._subscriptions.get(message['ch'])
            if subscription and subscription.state != 'stopped' and subscription.push(message):
                self._log('repair', subscription.position)
                self._ask(subscription)
        elif event == 'sub' and message['ch'] in self._subscriptions:
            self._subscriptions[message['ch']].answered(message)
            self._log('answer', message)
        elif event == 'unsub' and message['ch'] in self._subscriptions:
            self._failed(self._subscriptions[message['ch']], message['error'])
        elif event == 'ping':
            self._send({'id': 0, 'op': 'pong'})
        elif event == 'bye':
            self._bye = message
        # "Unknown pushes are ignored" (§3), and those that this program has no use for.

    async def _watch(self, socket):
        """§11.1: probes a silent server, and gives up."""
        while True:
            ping = (self._connected or {}).get('ping', {'every': 25000, 'timeout': 20000})
            allowed = (ping['every'] + ping['timeout']) / 1000
            await asyncio.sleep(max(0.05, self._heard + allowed - time.monotonic()))
            if time.monotonic() - self._heard < allowed:
                continue
            self._command({'op': 'ping'}, lambda reply: None)
            await asyncio.sleep(PROBE)
            if time.monotonic() - self._heard >= PROBE:
                socket.transport.abort()


def action_of(code):
    """§11.5."""
    if code in (1002, 1003, 1007, 1008, 1009, 1010):
        return 'stop'
    return {40: 'backoff', 41: 'return', 42: 'stop', 43: 'stop', 44: 'stop'}.get((code or 1006) // 100, 'backoff')
