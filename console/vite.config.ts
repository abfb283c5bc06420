import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const service = 'http://127.0.0.1:8400'

export default defineConfig({
  plugins: [react()],
  // The server puts a fresh value here with every page; without it the browser runs and styles nothing.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2022',
    // An inlined image would be a data: address, which the content policy need not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': service, '/auth': service, '/sandbox-desk': service } },
})
