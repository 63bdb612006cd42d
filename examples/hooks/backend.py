# A backend for Tautline's hooks in plain Python: HOOK_SECRET=whsec_... PORT=3000 python3 backend.py
import base64, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = base64.b64decode(os.environ["HOOK_SECRET"].removeprefix("whsec_"))
USERS = {"let ann in": "ann"}  # by token

def decide(ask):
    if ask["type"] == "connect" and ask.get("token") in USERS:
        return {"user": USERS[ask["token"]]}
    if ask["type"] == "subscribe":
        return {"allow": ask["channel"].startswith("chat:")}
    if ask["type"] == "publish" and "data" in ask:
        clean = json.loads(json.dumps(ask["data"]).replace("darn", "****"))
        return {"allow": ask["channel"].startswith("chat:"), "data": clean}
    if ask["type"] == "rpc" and ask["method"] == "length":
        return {"result": len(json.dumps(ask["data"]))}
    return {"error": {"code": "not-found" if ask["type"] == "rpc" else "unauthorized"}}

class Hooks(BaseHTTPRequestHandler):
    protocol_version, wbufsize = "HTTP/1.1", -1  # keeps connections open; an answer is one write

    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 1 << 20))
        sent = self.headers.get("webhook-timestamp", "")
        signed = f"{self.headers.get('webhook-id')}.{sent}.".encode() + body
        right = b"v1," + base64.b64encode(hmac.digest(KEY, signed, "sha256"))
        given = self.headers.get("webhook-signature", "").encode().split()
        if not any(hmac.compare_digest(right, one) for one in given) or abs(time.time() - int(sent)) > 300:
            return self.send_error(401)
        answer = json.dumps(decide(json.loads(body))).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Hooks)
print("listening on", server.server_port, flush=True)
server.serve_forever()
