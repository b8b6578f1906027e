// Purpose: how the page is built (into dist/, which the node serves) and run during development.
// Invariant: nothing is inlined into index.html, so that the node's strict content security policy holds.
import { defineConfig } from 'vitest/config';
import react from '@vitejs/plugin-react';

const node = process.env.TROUPE_DEV_NODE ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': node,
      '/socket': { target: node, ws: true, rewriteWsOrigin: true },
      '/openapi.json': node,
    },
  },
  test: { include: ['test/unit/**/*.test.ts', 'test/browser/**/*.test.mjs'], environment: 'node' },
});
