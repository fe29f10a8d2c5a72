/** What an optimiser moves: numbers, and how much they are pulled towards zero. */
export interface Moved {
  readonly free: Float32Array;
  readonly decay: number;
  /** By how much its steps are longer than others'. Default 1. */
  readonly rate?: number | undefined;
}

/** Moves numbers against their gradients. Its state is what has to be kept to go on later. */
export interface Optimiser {
  /** One step: `gradients` are those of the numbers it was made for, in that order. */
  step(gradients: readonly Float32Array[], rate: number): void;
  readonly state: Float32Array[];
  /** Moving averages of the squared gradients, in the order of the numbers, where the method keeps them. */
  readonly squares?: readonly Float32Array[];
}

export const OPTIMISERS = ['sgd', 'adam'] as const;

/**
 * Gradient descent with momentum: v ← m·v + g + decay·w, w ← w − rate·v.
 *
 * @param momentum - m, 0 to 1
 */
export function sgd(moved: readonly Moved[], momentum: number): Optimiser {
  const state = moved.map(({ free }) => new Float32Array(free.length));
  return {
    state,
    step(gradients, rate) {
      for (const [p, { free, decay, rate: longer = 1 }] of moved.entries()) {
        const velocity = state[p];
        const gradient = gradients[p];
        for (let i = 0; i < free.length; i++) {
          velocity[i] = momentum * velocity[i] + gradient[i] + decay * free[i];
          free[i] -= longer * rate * velocity[i];
        }
      }
    },
  };
}

const ADAM = { first: 0.9, second: 0.999, epsilon: 1e-8 };

/** Adam with the decay of weights apart from the gradient (Kingma & Ba 2015; Loshchilov & Hutter 2019). */
export function adam(moved: readonly Moved[]): Optimiser {
  const { first, second, epsilon } = ADAM;
  const means = moved.map(({ free }) => new Float32Array(free.length));
  const squares = moved.map(({ free }) => new Float32Array(free.length));
  const steps = new Float32Array(1);
  return {
    state: [...means, ...squares, steps],
    squares,
    step(gradients, rate) {
      const count = ++steps[0];
      const whole = rate / (1 - first ** count);
      const correction = 1 / (1 - second ** count);
      for (const [p, { free, decay, rate: longer = 1 }] of moved.entries()) {
        const length = longer * whole;
        const pull = longer * rate * decay;
        const [mean, square, gradient] = [means[p], squares[p], gradients[p]];
        for (let i = 0; i < free.length; i++) {
          mean[i] += (1 - first) * (gradient[i] - mean[i]);
          square[i] += (1 - second) * (gradient[i] * gradient[i] - square[i]);
          free[i] -= (length * mean[i]) / (Math.sqrt(square[i] * correction) + epsilon) + pull * free[i];
        }
      }
    },
  };
}

/** Shortens gradients that are together longer than `limit`, and tells how long they were. */
export function clip(gradients: readonly Float32Array[], limit: number): number {
  let square = 0;
  for (const gradient of gradients) for (const value of gradient) square += value * value;
  const length = Math.sqrt(square);
  if (length <= limit) return length;
  const factor = limit / length;
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) gradient[i] *= factor;
  return length;
}

/** Half a cosine from the first rate at share 0 down to nothing at share 1. */
export function cosine(rate: number, share: number): number {
  return (rate / 2) * (1 + Math.cos(Math.PI * share));
}
