/** What the model is to read. */
export const TEXT = 'Deep Compression';

/**
 * An app that has a recogniser of text, and asks it and the session of the lines that were pasted: what each reads of a drawing, and how far
 * their outputs are apart, relative to their size.
 */
export const appWith = (pasted) => `${pasted}

const original = await ort.InferenceSession.create('model.onnx');
const letters = ['', ...(await (await fetch('letters.txt')).text()).split('\\n'), ' '];

const canvas = new OffscreenCanvas(320, 48);
const pen = canvas.getContext('2d');
pen.fillStyle = 'white';
pen.fillRect(0, 0, 320, 48);
pen.fillStyle = 'black';
pen.font = '36px sans-serif';
pen.fillText('${TEXT}', 6, 36, 308);
const { data } = pen.getImageData(0, 0, 320, 48);
const image = Float32Array.from({ length: 3 * 320 * 48 }, (_, i) => data[4 * (i % (320 * 48)) + Math.floor(i / (320 * 48))] / 127.5 - 1);

async function read(model) {
  const outputs = await model.run({ [model.inputNames[0]]: new ort.Tensor('float32', image, [1, 3, 48, 320]) });
  const { data, dims: [, steps, classes] } = outputs[model.outputNames[0]];
  const said = Array.from({ length: steps }, (_, step) => {
    const scores = data.subarray(step * classes, (step + 1) * classes);
    return scores.indexOf(Math.max(...scores));
  });
  return { data, text: said.filter((letter, i) => letter && letter !== said[i - 1]).map((letter) => letters[letter]).join('') };
}

const [before, after] = [await read(original), await read(session)];
const square = (values) => values.reduce((sum, value) => sum + value * value, 0);
const error = Math.sqrt(square(before.data.map((value, i) => value - after.data[i])) / square(before.data));
window.answers = { before: before.text, after: after.text, error };
`;

/** A page around a script. */
export const pageOf = (script, head = '') =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>app</title>${head}<script type="module" src="${script}"></script>`;

/** What the app says once it is open. */
export async function answersOf(browser, url) {
  const page = await browser.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (problem) => said.push(problem.message));
  await page.goto(url);
  try {
    await page.waitForFunction(() => 'answers' in window, undefined, { timeout: 120_000 });
    return { ...(await page.evaluate('answers')), said };
  } catch (cause) {
    throw new Error(`${url} shows no answers; it says: ${said.join('\n') || 'nothing'}`, { cause });
  } finally {
    await page.close();
  }
}
