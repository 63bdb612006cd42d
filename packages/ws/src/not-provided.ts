// Names that ws exports and that have no counterpart here: they can be imported, and say why when they are used.

function notProvided(name: string): Error {
  return new Error(`${name} is an internal class of ws and not provided by @tautline/ws: its engine has no such part`)
}

/** In ws a Writable stream that parses frames. */
export class Receiver {
  constructor() {
    throw notProvided('Receiver')
  }
}

/** In ws the writer of frames. Without a static `frame`, socket.io does not frame broadcasts past the engine. */
export class Sender {
  constructor() {
    throw notProvided('Sender')
  }
}
