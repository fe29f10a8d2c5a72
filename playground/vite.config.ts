import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What the page may do: load its own files, and send nothing anywhere. */
const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:; connect-src 'self' blob:";

/** The list of all files, for the service worker to keep, and the policy, which the development server could not work under. */
const published: Plugin = {
  name: 'published',
  apply: 'build',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
  ],
  generateBundle(_, bundle) {
    const files = [
      './',
      ...Object.keys(bundle)
        .filter((name) => !/service-worker|\.map$/.test(name))
        .map((name) => `./${name}`),
    ];
    this.emitFile({ type: 'asset', fileName: 'files.json', source: JSON.stringify([...new Set(files)]) });
  },
};

export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: false,
  plugins: [published],
  // Not bundled in advance: ONNX Runtime then finds its .wasm on this server and nowhere else.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  server: { fs: { allow: [here('..')] } },
  worker: { format: 'es' },
  build: {
    outDir: here('../out/playground'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: { index: here('index.html'), 'service-worker': here('service-worker.ts') },
      output: { entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
});
