// The page of all examples. The session's cookie says who it is: it has no token, and JavaScript cannot read the cookie.
import { Client } from '@tautline/client'

const me = await fetch('/me')
if (me.ok) open((await me.json()).user)
else document.querySelector('#login').hidden = false

function open(user) {
  document.querySelector('main').hidden = false
  document.querySelector('#user').textContent = user

  const client = new Client('/realtime')
  client.on('state', ({ state, reason }) => {
    document.querySelector('#state').textContent = reason === undefined ? state : `${state}: ${reason.text}`
  })
  for (const name of ['hall', `inbox:${user}`]) {
    client
      .channel(name)
      .subscribe({ last: 20, onMessage: ({ from, data }) => show(`${from?.user ?? 'server'}: ${data}`) })
  }

  const form = document.querySelector('#say')
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const { text } = form.elements
    await client.channel('hall').publish(text.value)
    text.value = ''
  })
}

function show(line) {
  const item = document.createElement('li')
  item.textContent = line
  document.querySelector('#messages').append(item)
}
