import { element } from './dom.js';

/** Takes files that are dropped anywhere on the page, chosen, or pasted. */
export function takeFiles(onFile: (file: File) => void): void {
  const veil = element('veil');
  let depth = 0;
  const show = (by: number) => {
    depth = Math.max(0, depth + by);
    veil.hidden = depth === 0;
  };
  addEventListener('dragenter', (event) => {
    if (event.dataTransfer?.types.includes('Files')) show(1);
  });
  addEventListener('dragleave', () => show(-1));
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    show(0);
    const [file] = event.dataTransfer?.files ?? [];
    if (file) onFile(file);
  });
  const input = element<HTMLInputElement>('file');
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) onFile(file);
    input.value = '';
  });
}
