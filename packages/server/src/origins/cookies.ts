// Keeps cookies from hooks of servers that are not protected against other pages: whoever reads them has to say
// `cookies: true`, which demands a list of origins.

import type { LinkRequest } from '../link.ts'
import { SettingError } from '../rules/settings.ts'

/** The request as hooks see it where the option `cookies` is off. */
export function withoutCookies(request: LinkRequest): LinkRequest {
  const { headers, remoteAddress, origin, target, secure } = request
  return { headers: new Cookieless(headers), remoteAddress, origin, target, secure }
}

class Cookieless {
  private readonly headers: LinkRequest['headers']

  constructor(headers: LinkRequest['headers']) {
    this.headers = headers
  }

  get(name: string): string | undefined {
    if (name.toLowerCase() !== 'cookie') return this.headers.get(name)
    throw new SettingError(
      'cookies',
      `must be true where a hook reads them: write createRealtime({ cookies: true, origins: ['https://app.example.com'] }) with the pages that may connect, or any page could speak for its visitors`,
    )
  }
}
