# A backend for Tautline's hooks, standard library only: HOOK_SECRET=whsec_... PORT=3000 python3 backend.py
import base64, hmac, json, os, time
from wsgiref.simple_server import make_server

KEY = base64.b64decode(os.environ["HOOK_SECRET"].removeprefix("whsec_")) or exit("HOOK_SECRET is empty")

def decide(ask):
    match ask:
        case {"type": "connect", "token": "let ann in"}:
            return {"user": "ann"}
        case {"type": "subscribe", "channel": channel}:
            return {"allow": channel.startswith("chat:")}
        case {"type": "publish", "channel": channel, "data": data}:
            return {"allow": channel.startswith("chat:"), "data": json.loads(json.dumps(data).replace("darn", "****"))}
        case {"type": "rpc", "method": "length", "data": data}:
            return {"result": len(json.dumps(data))}
    return {"error": {"code": "not-found" if ask["type"] == "rpc" else "unauthorized"}}

def backend(env, start):
    body = env["wsgi.input"].read(int(env.get("CONTENT_LENGTH") or 0))
    sent = env.get("HTTP_WEBHOOK_TIMESTAMP", "")
    signed = f"{env.get('HTTP_WEBHOOK_ID')}.{sent}.".encode() + body
    right = b"v1," + base64.b64encode(hmac.digest(KEY, signed, "sha256"))
    given = env.get("HTTP_WEBHOOK_SIGNATURE", "").encode().split()
    good = any(hmac.compare_digest(right, one) for one in given) and abs(time.time() - int(sent)) < 300
    start("200 OK" if good else "401 Unauthorized", [("content-type", "application/json")])
    return [json.dumps(decide(json.loads(body)) if good else {}).encode()]

server = make_server("127.0.0.1", int(os.environ["PORT"]), backend)
print("listening on", server.server_port, flush=True)
server.serve_forever()
