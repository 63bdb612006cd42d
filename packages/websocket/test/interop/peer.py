"""Python's `websockets` (10.4) as the other side: `peer.py serve` echoes on a free port and prints it; `peer.py talk URL`
sends the messages of stdin (one JSON line each, text or base64) and prints what comes back in the same form;
`peer.py listen URL` prints what it is told until the connection ends."""
import asyncio, base64, json, sys
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory


def line(message):
    if isinstance(message, str):
        return json.dumps({"text": message})
    return json.dumps({"bytes": base64.b64encode(message).decode()})


def factories(kind, options):
    return None if options is None else [kind(**options)]


async def serve(options):
    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    extensions = factories(ServerPerMessageDeflateFactory, options)
    async with websockets.serve(echo, "127.0.0.1", 0, compression=None, extensions=extensions, max_size=2**24) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def talk(url, options):
    extensions = factories(ClientPerMessageDeflateFactory, options)
    async with websockets.connect(url, compression=None, extensions=extensions, max_size=2**24) as socket:
        print(json.dumps({"extensions": [extension.name for extension in socket.extensions]}))
        for text in sys.stdin:
            message = json.loads(text)
            await socket.send(message["text"] if "text" in message else base64.b64decode(message["bytes"]))
            print(line(await socket.recv()))
        await socket.ping()
        await socket.close(4321, "done")
        print(json.dumps({"code": socket.close_code, "reason": socket.close_reason}), flush=True)


async def listen(url, options):
    extensions = factories(ClientPerMessageDeflateFactory, options)
    async with websockets.connect(url, compression=None, extensions=extensions, max_size=2**24) as socket:
        async for message in socket:
            print(line(message))
        print(json.dumps({"code": socket.close_code, "reason": socket.close_reason}), flush=True)


options = json.loads(sys.argv[-1])
if sys.argv[1] == "serve":
    asyncio.run(serve(options))
elif sys.argv[1] == "listen":
    asyncio.run(listen(sys.argv[2], options))
else:
    asyncio.run(talk(sys.argv[2], options))
