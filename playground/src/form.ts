import { element } from './dom.js';
import { size } from './format.js';
import { FORMATS, type Method, NOTES, type Settings } from './settings.js';

/** The controls: what is chosen, and what they show of it. */
export class Form {
  readonly #form = element<HTMLFormElement>('settings');
  /** Of the model that is open. */
  bytes = 0;
  readonly exact = new Set<string>();

  /** @param onChange - called with every move */
  constructor(onChange: () => void) {
    element<HTMLSelectElement>('weights').append(
      ...FORMATS.map((format) => new Option(format, format, format === 'int4', format === 'int4')),
    );
    const changed = () => {
      this.show();
      onChange();
    };
    this.#form.addEventListener('input', changed);
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.show();
  }

  settings(): Settings {
    return {
      method: this.#method(),
      snr: this.#number('snr'),
      bits: this.#number('bits'),
      target: Math.round((this.bytes * this.#number('target')) / 100),
      weights: element<HTMLSelectElement>('weights').value,
      by: element<HTMLSelectElement>('by').value,
      density: this.#number('density') / 100,
      exact: [...this.exact],
    };
  }

  /** Shows the controls of the method, and what they say. */
  show(): void {
    const { method, snr, bits, target, density } = this.settings();
    for (const control of this.#form.querySelectorAll<HTMLElement>('[data-for]'))
      control.hidden = !control.dataset.for?.split(' ').includes(method);
    const outputs = {
      snr: `${snr} dB over their noise`,
      bits: `${2 ** bits}, ${bits} ${bits === 1 ? 'bit' : 'bits'}`,
      target: size(target),
      density: `${Math.round(100 * density)} %`,
    };
    for (const [id, text] of Object.entries(outputs)) element(`${id}-out`).textContent = text;
    element('method-note').textContent = NOTES[method];
  }

  #method(): Method {
    return new FormData(this.#form).get('method') as Method;
  }

  #number(id: string): number {
    return element<HTMLInputElement>(id).valueAsNumber;
  }
}
