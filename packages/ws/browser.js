// Bundlers take this file for browsers: like ws, it has nothing to offer there but a clear message.
function unavailable() {
  throw new Error('ws does not work in the browser. Browser clients must use the native WebSocket object')
}

export {
  unavailable as createWebSocketStream,
  // biome-ignore lint/style/noDefaultExport: the face of ws has one
  unavailable as default,
  unavailable as extension,
  unavailable as PerMessageDeflate,
  unavailable as Receiver,
  unavailable as Sender,
  unavailable as subprotocol,
  unavailable as WebSocket,
  unavailable as WebSocketServer,
}
