// What `Decoded.bad` and the errors of bodies say of values that no message may hold. Each reads behind 'it holds'.

export const UNSAFE_INTEGER = 'an integer beyond ±(2^53 − 1): send it as text'
export const OVERFLOW = 'a number beyond what a double can hold'
export const NOT_A_NUMBER = 'NaN or an infinity'
export const EXTENSION = 'an extension type of MessagePack'
export const STRANGE_KEY = 'a map key that is not text'
export const PROTO_KEY = 'the key __proto__'
