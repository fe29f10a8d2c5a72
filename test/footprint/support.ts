import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const LENET5 = readFileSync(fileURLToPath(new URL('../../models/lenet-5.onnx', import.meta.url)));
