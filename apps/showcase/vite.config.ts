// How the pages are built: `vite build` writes dist/, which src/server/static-files.ts serves; `vite` alone is the
// development server, which passes /realtime on to a chat server that runs on port 8080.
import { defaultClientConditions, type UserConfig } from 'vite'

const config: UserConfig = {
  resolve: { conditions: ['tautline-source', ...defaultClientConditions] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The pages use <dialog>, :has() and color-mix(): the browsers of 2023 and later.
    target: 'es2023',
    // No inline data: and no injected polyfill: the Content-Security-Policy allows files of our own origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { port: 5173, proxy: { '/realtime': { target: 'ws://127.0.0.1:8080', ws: true } } },
}

export default config
