import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageLifecycle } from '../src/lifecycle.ts'

/** A window with its document, as far as the client listens to them. */
class FakePage extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
}

function heard(page: FakePage, act: () => void): string[] {
  const whys: string[] = []
  const stop = pageLifecycle(page as never)?.listen((why) => whys.push(why))
  act()
  stop?.()
  page.dispatchEvent(new Event('online'))
  page.document.dispatchEvent(new Event('resume'))
  return whys
}

test('without a document there is nothing to hear', () => {
  assert.equal(pageLifecycle({} as never), null)
})

test('a page tells that it is online, shown, thawed, back from the cache; and nothing once nobody listens', () => {
  const page = new FakePage()
  assert.deepEqual(
    heard(page, () => page.dispatchEvent(new Event('online'))),
    ['online'],
  )
  assert.deepEqual(
    heard(page, () => page.document.dispatchEvent(new Event('visibilitychange'))),
    ['show'],
  )
  assert.deepEqual(
    heard(page, () => page.document.dispatchEvent(new Event('resume'))),
    ['wake'],
  )
  assert.deepEqual(
    heard(page, () => page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))),
    ['show'],
  )
})

test('a page that is hidden, or shown for the first time, wakes nobody', () => {
  const page = new FakePage()
  page.document.visibilityState = 'hidden'
  assert.deepEqual(
    heard(page, () => page.document.dispatchEvent(new Event('visibilitychange'))),
    [],
  )
  assert.deepEqual(
    heard(page, () => page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }))),
    [],
  )
})
