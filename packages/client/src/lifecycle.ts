// What a page's own events say about its connection. Where there is no document there is nothing to hear; a sleep of the
// machine is noticed by heartbeat.ts everywhere.

import type { Lifecycle } from './options.ts'

/** The parts of a window and its document that are listened to. */
interface PageEvents {
  addEventListener(type: string, listener: (event: { readonly persisted?: boolean }) => void): void
  removeEventListener(type: string, listener: (event: { readonly persisted?: boolean }) => void): void
}

interface Page extends PageEvents {
  readonly document?: PageEvents & { readonly visibilityState: string }
  readonly navigator?: { readonly onLine?: boolean }
}

/** A page's events, or null where there is no page. */
export function pageLifecycle(page: Page = globalThis as unknown as Page): Lifecycle | null {
  const { document } = page
  if (document === undefined || typeof page.addEventListener !== 'function') return null
  return {
    online: () => page.navigator?.onLine !== false,
    listen: (wake) => {
      const online = () => wake('online')
      // From the back/forward cache the page returns with a connection that was closed meanwhile.
      const pageshow = (event: { readonly persisted?: boolean }) => event.persisted === true && wake('show')
      const visible = () => document.visibilityState === 'visible' && wake('show')
      // Page Lifecycle: a frozen tab runs again. While it was frozen nobody answered the server's pings.
      const resume = () => wake('wake')
      page.addEventListener('online', online)
      page.addEventListener('pageshow', pageshow)
      document.addEventListener('visibilitychange', visible)
      document.addEventListener('resume', resume)
      return () => {
        page.removeEventListener('online', online)
        page.removeEventListener('pageshow', pageshow)
        document.removeEventListener('visibilitychange', visible)
        document.removeEventListener('resume', resume)
      }
    },
  }
}
