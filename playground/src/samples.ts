/** Models of our own, trained on MNIST: see models/README.md. */
const SAMPLES: Readonly<Record<string, URL>> = {
  'lenet-5': new URL('../../models/lenet-5.onnx', import.meta.url),
  'lenet-300-100': new URL('../../models/lenet-300-100.onnx', import.meta.url),
};

export async function sample(name: string): Promise<File> {
  const response = await fetch(SAMPLES[name]);
  if (!response.ok) throw new Error(`the sample could not be loaded (${response.status})`);
  return new File([await response.blob()], `${name}.onnx`);
}
