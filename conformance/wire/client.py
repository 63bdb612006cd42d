#!/usr/bin/python3
"""A client of tautline.v1 in Python: runs the vectors, follows a channel, or does an exercise for the tests."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tautline import vectors  # noqa: E402


def say(event, detail):
    print(json.dumps({'event': event, 'detail': detail}), flush=True)


async def follow(url, channel, codec):
    """Prints what comes, publishes each line that is typed."""
    from tautline.session import Client

    client = Client(url, codec, log=say)
    client.subscribe(channel, {'last': 10}, say)
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(client.run())
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        client.publish(channel, line.rstrip('\n'), lambda one, outcome, detail: say(outcome, detail))
    running.cancel()


async def exercise(options):
    """
    Subscribes, publishes `publish` numbered messages, and ends when everything is settled and `expect` messages have
    come, or something stopped it. What happened goes to stdout line by line, the sum as the last.
    """
    from tautline.session import Client, Stopped

    seen, settled, counts = [], {}, {'connected': 0, 'repair': 0, 'gap': 0, 'fence': 0, 'lost': 0}
    done = asyncio.Event()
    verbose = options.get('verbose', False)
    own = []

    def check():
        all_settled = len(settled) == options['publish']
        if all_settled and len(seen) >= options['expect'] and subscription.state in ('live', 'stopped'):
            done.set()

    def on_client(event, detail):
        if event in counts:
            counts[event] += 1
        if event != 'answer' or verbose:
            say(event, detail)

    def on_channel(event, detail):
        if event == 'message':
            seen.append({'position': detail['position'], 'id': detail['id'], 'data': detail.get('data'), 'own': detail.get('key') in keys})
        elif event in counts:
            counts[event] += 1
        if event != 'message' or verbose:
            say(event, detail)
        check()

    def on_settled(one, outcome, detail):
        settled[one.key] = {'outcome': outcome, 'data': one.body['data'], **detail}
        check()

    keys = set()
    client = Client(options['url'], options.get('codec', 'json'), options.get('token'), backoff=(0.02, 0.2), log=on_client)
    subscription = client.subscribe(options['channel'], options.get('from', 'head'), on_channel)
    running = asyncio.create_task(client.run())

    async def publish():
        for number in range(options['publish']):
            one = client.publish(options['channel'], {'from': options['name'], 'number': number}, on_settled)
            keys.add(one.key)
            own.append(one.key)
            await asyncio.sleep(options.get('pace', 0))

    publishing = asyncio.create_task(publish())
    finished = asyncio.create_task(done.wait())
    await asyncio.wait({running, finished}, timeout=options.get('timeout', 10), return_when=asyncio.FIRST_COMPLETED)
    stopped = None
    if running.done():
        try:
            running.result()
        except Stopped as error:
            stopped = error.args[0]
    publishing.cancel()
    state = subscription.state
    running.cancel()
    # The connection says goodbye before anything is summed up.
    await asyncio.wait({running})
    sum_of_all = {
        'done': done.is_set(), 'stopped': stopped, 'state': state, 'position': subscription.position,
        'seen': seen, 'settled': [settled.get(key) for key in own], 'counts': counts, 'peer': client.peer,
    }
    print(json.dumps(sum_of_all), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('url', nargs='?')
    parser.add_argument('channel', nargs='?')
    parser.add_argument('--codec', choices=('json', 'msgpack'), default='json')
    parser.add_argument('--vectors', action='store_true', help='run conformance/wire/vectors')
    parser.add_argument('--exercise', metavar='JSON', help='what the tests ask for')
    arguments = parser.parse_args()
    if arguments.vectors:
        return vectors.main()
    if arguments.exercise:
        return asyncio.run(exercise(json.loads(arguments.exercise)))
    if not arguments.url or not arguments.channel:
        parser.error('give the URL of a server and a channel, or --vectors')
    return asyncio.run(follow(arguments.url, arguments.channel, arguments.codec))


if __name__ == '__main__':
    sys.exit(main())
