import { describe, expect, it } from 'vitest';
import { adam, clip, cosine, type Moved, sgd } from '../../src/tune/optimiser.js';
import { Random } from '../support/random.js';

const STEPS = 12;
const RATES = Array.from({ length: STEPS }, (_, i) => 0.1 / (i + 1));

/** Two parameters, one that is pulled towards zero, and a gradient of each for every step. */
function problem(): { moved: Moved[]; gradients: Float32Array[][]; start: number[][] } {
  const random = new Random(3);
  const moved = [
    { free: random.floats(5, 1), decay: 0.01 },
    { free: random.floats(3, 1), decay: 0 },
  ];
  const gradients = Array.from({ length: STEPS }, () => moved.map(({ free }) => random.floats(free.length, 1)));
  return { moved, gradients, start: moved.map(({ free }) => [...free]) };
}

/** Follows one number through all steps by a formula, in float64. */
function follow(of: (gradient: number, weight: number, rate: number, step: number) => number) {
  return (weight: number, gradients: readonly number[]) =>
    gradients.reduce((now, gradient, step) => of(gradient, now, RATES[step], step + 1), weight);
}

function expectFollowed(
  { moved, gradients, start }: ReturnType<typeof problem>,
  pathOf: (decay: number) => ReturnType<typeof follow>,
): void {
  for (const [p, { free, decay }] of moved.entries()) {
    for (let i = 0; i < free.length; i++) {
      const expected = pathOf(decay)(
        start[p][i],
        gradients.map((step) => step[p][i]),
      );
      expect(Math.abs(free[i] - expected), `number ${i} of ${p}`).toBeLessThan(1e-5);
    }
  }
}

describe('SGD', () => {
  it.each([0, 0.9])('with a momentum of %d goes on with that share of the step before', (momentum) => {
    const made = problem();
    const optimiser = sgd(made.moved, momentum);
    for (const [i, gradients] of made.gradients.entries()) optimiser.step(gradients, RATES[i]);
    expectFollowed(made, (decay) => {
      let velocity = 0;
      return follow((gradient, weight, rate) => {
        velocity = momentum * velocity + gradient + decay * weight;
        return weight - rate * velocity;
      });
    });
  });
});

describe('Adam', () => {
  it('divides corrected means by corrected roots of mean squares, and decays apart from them', () => {
    const made = problem();
    const optimiser = adam(made.moved);
    for (const [i, gradients] of made.gradients.entries()) optimiser.step(gradients, RATES[i]);
    expectFollowed(made, (decay) => {
      let [mean, square] = [0, 0];
      return follow((gradient, weight, rate, step) => {
        mean = 0.9 * mean + 0.1 * gradient;
        square = 0.999 * square + 0.001 * gradient ** 2;
        const [m, v] = [mean / (1 - 0.9 ** step), square / (1 - 0.999 ** step)];
        return weight - (rate * m) / (Math.sqrt(v) + 1e-8) - rate * decay * weight;
      });
    });
  });

  it('makes a first step of the rate, however long the gradient', () => {
    const free = Float32Array.of(1, 1, 1);
    adam([{ free, decay: 0 }]).step([Float32Array.of(1e-3, -5, 0)], 0.25);
    for (const [i, expected] of [0.75, 1.25, 1].entries()) expect(free[i]).toBeCloseTo(expected, 4);
  });
});

it.each([
  ['sgd', (moved: Moved[]) => sgd(moved, 0.9)],
  ['adam', adam],
])('%s goes on from its state', (_, make) => {
  const whole = problem();
  const optimiser = make(whole.moved);
  for (const [i, gradients] of whole.gradients.entries()) optimiser.step(gradients, RATES[i]);

  const halved = problem();
  const first = make(halved.moved);
  for (let i = 0; i < 6; i++) first.step(halved.gradients[i], RATES[i]);
  const second = make(halved.moved);
  for (const [i, array] of second.state.entries()) array.set(first.state[i]);
  for (let i = 6; i < STEPS; i++) second.step(halved.gradients[i], RATES[i]);
  expect(halved.moved).toEqual(whole.moved);
});

describe('clip', () => {
  it('shortens all gradients together to the limit', () => {
    const gradients = [Float32Array.of(3, 0), Float32Array.of(0, -4)];
    expect(clip(gradients, 1)).toBe(5);
    expect(gradients.flatMap((each) => [...each])).toEqual([...Float32Array.of(0.6, 0, 0, -0.8)]);
    const long = new Random(1).floats(1000, 7);
    clip([long], 10);
    expect(Math.hypot(...long)).toBeCloseTo(10, 5);
  });

  it.each([5, 6])('leaves those of a length of 5 to a limit of %d', (limit) => {
    const gradients = [Float32Array.of(3), Float32Array.of(-4)];
    expect(clip(gradients, limit)).toBe(5);
    expect(gradients).toEqual([Float32Array.of(3), Float32Array.of(-4)]);
  });

  it('leaves zeros alone at a limit of zero', () => {
    const gradients = [Float32Array.of(0, 0)];
    expect(clip(gradients, 0)).toBe(0);
    expect(gradients).toEqual([Float32Array.of(0, 0)]);
  });

  it('tells of a gradient that is no number', () => {
    expect(clip([Float32Array.of(1, Number.NaN)], 1)).toBeNaN();
  });
});

it('cosine falls from the rate to nothing', () => {
  expect(cosine(0.4, 0)).toBeCloseTo(0.4, 12);
  expect(cosine(0.4, 0.5)).toBeCloseTo(0.2, 12);
  expect(cosine(0.4, 1)).toBeCloseTo(0, 12);
});
