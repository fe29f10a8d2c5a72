import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default {
  root: here('.'),
  // In an app of your own, `fxq-compress` comes from node_modules and needs no alias.
  resolve: { alias: { 'fxq-compress/decode': here('../../dist/decode/index.js') } },
  // Not bundled in advance: ONNX Runtime then finds its .wasm next to itself, on this server and nowhere else.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  server: { fs: { allow: [here('../..')] } },
  worker: { format: 'es' },
  build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
};
