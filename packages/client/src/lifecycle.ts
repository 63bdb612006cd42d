// What a page's own events say about its connection. Where there is no document there is nothing to hear; a sleep of the
// machine is noticed by heartbeat.ts everywhere.

import type { Lifecycle } from './options.ts'

interface PageEvent {
  readonly type: string
  readonly persisted?: boolean
}

/** The parts of a window and its document that are listened to. */
interface PageEvents {
  addEventListener(type: string, listener: (event: PageEvent) => void, until: { readonly signal: AbortSignal }): void
}

interface Page extends PageEvents {
  readonly document?: PageEvents & { readonly visibilityState: string }
}

/** A page's events, or null where there is no page. */
export function pageLifecycle(page: Page = globalThis as unknown as Page): Lifecycle | null {
  const { document } = page
  if (!document) return null
  return {
    listen: (wake) => {
      const heard = ({ type, persisted }: PageEvent): void => {
        if (type === 'online') wake('online')
        // Page Lifecycle: a frozen tab runs again. While it was frozen nobody answered the server's pings.
        else if (type === 'resume') wake('wake')
        // From the back/forward cache the page returns with a connection that was closed meanwhile.
        else if (type === 'pageshow' ? persisted : document.visibilityState === 'visible') wake('show')
      }
      const all = [
        [page, 'online'],
        [page, 'pageshow'],
        [document, 'visibilitychange'],
        [document, 'resume'],
      ] as const
      const until = new AbortController()
      for (const [target, type] of all) target.addEventListener(type, heard, until)
      return () => until.abort()
    },
  }
}
