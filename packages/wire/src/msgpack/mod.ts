// @tautline/wire/msgpack: tautline.v1 in MessagePack, loaded only where it is asked for. This file only re-exports.

export { msgpackCodec } from './codec.ts'
