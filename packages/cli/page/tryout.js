// The page of a development server: subscribes and publishes with the real client. What comes over the wire is only ever
// shown as text.

import { Client } from '@tautline/client'

const MOST = 500
const path = document.documentElement.dataset.path
const url = `${location.origin}${path}`
const client = new Client(url)
/** By channel. */
const subscriptions = new Map()

const by = (id) => document.getElementById(id)
const [messages, chips, channel, body] = ['messages', 'subscriptions', 'channel', 'body'].map(by)

client.on('state', ({ state, reason, retryIn }) => {
  const again = retryIn === undefined ? '' : `, again in ${Math.max(1, Math.round(retryIn / 1_000))} s`
  by('status').dataset.state = state
  by('status-text').textContent = `${state}${reason === undefined ? '' : `: ${reason.text} (${reason.code})`}${again}`
  by('toggle').textContent = state === 'stopped' || state === 'idle' ? 'Connect' : 'Disconnect'
})
client.on('error', (error) => note('error', error))
client.on('message', ({ data }) => add({ channel: '(to this user)', data, at: Date.now() }))

by('toggle').addEventListener('click', () => {
  if (client.state === 'stopped' || client.state === 'idle') client.connect()
  else client.close()
})

by('subscribe').addEventListener('submit', (event) => {
  event.preventDefault()
  subscribe(channel.value.trim(), Number(by('last').value))
})

by('publish').addEventListener('submit', async (event) => {
  event.preventDefault()
  const name = channel.value.trim()
  try {
    const { position } = await client.channel(name).publish(said(body.value))
    // Who hears it sees it come.
    if (!heard(name)) note('published', `${name}${position === null ? '' : ` at ${position.offset}`}`)
  } catch (error) {
    note('not published', error)
  }
})

body.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) by('publish').requestSubmit()
})
by('clear').addEventListener('click', () => {
  messages.replaceChildren()
  counted()
})
channel.addEventListener('input', explain)

function subscribe(name, last) {
  if (name === '' || subscriptions.has(name)) return
  const options = { onMessage: (message) => add(message) }
  if (last > 0 && !name.includes('*')) options.last = last
  let subscription
  try {
    subscription = client.channel(name).subscribe(options)
  } catch (error) {
    note('not subscribed', error)
    return
  }
  const chip = element('span', 'chip')
  const label = element('b', '', name)
  const state = element('i', '', 'joining')
  const leave = element('button', 'quiet', '×')
  leave.type = 'button'
  leave.ariaLabel = `Unsubscribe from ${name}`
  leave.addEventListener('click', () => {
    subscriptions.delete(name)
    chip.remove()
    subscription.unsubscribe().catch(() => undefined)
  })
  chip.append(label, state, leave)
  chips.append(chip)
  subscriptions.set(name, subscription)
  subscription.on('state', (change) => {
    state.textContent = change.state
    chip.dataset.state = change.state
    if (change.state === 'stopped' && change.error !== undefined) note(`${name} ended`, change.error)
  })
  subscription.on('lost', () => note('lost', `${name}: some messages are gone`))
}

function add({ channel: name, data, bytes, position, at, from, own }) {
  const item = element('li', own === true ? 'own' : '')
  const head = element('div', 'meta')
  head.append(
    element('b', '', name),
    element('span', '', position === null || position === undefined ? 'not stored' : `#${position.offset}`),
    element('span', '', from?.user ?? from?.peer?.slice(0, 8) ?? 'the server'),
    element('time', '', new Date(at).toLocaleTimeString()),
  )
  const shown = bytes === undefined ? JSON.stringify(data) : `${bytes.length} bytes`
  item.append(head, element('code', '', shown))
  put(item)
}

function note(what, why) {
  const item = element('li', 'note')
  item.append(
    element('code', '', `${what}: ${why instanceof Error ? `${why.message} (${why.code ?? why.name})` : why}`),
  )
  put(item)
}

function put(item) {
  messages.prepend(item)
  while (messages.children.length > MOST) messages.lastElementChild.remove()
  counted()
}

function counted() {
  const count = messages.querySelectorAll('li:not(.note)').length
  by('count').textContent = count === 0 ? '' : String(count)
  by('empty').hidden = messages.children.length > 0
}

function heard(name) {
  return [...subscriptions.keys()].some((one) => one === name || one.includes('*'))
}

function said(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

function explain() {
  const name = JSON.stringify(channel.value.trim())
  const isPattern = name.includes('*')
  by('code').textContent = `import { Client } from '@tautline/client'

const client = new Client(${JSON.stringify(url)})
const channel = client.channel(${name})
channel.subscribe({${isPattern ? '' : ' last: 10,'} onMessage: ({ data }) => console.log(data) })${
    isPattern ? '' : "\nawait channel.publish({ text: 'hello' })"
  }`
}

const { api } = document.documentElement.dataset
if (api !== '') {
  by('api').hidden = false
  by('api').querySelector('a').href = `${api}/docs`
}
explain()
counted()
client.connect()
subscribe(channel.value, 10)
