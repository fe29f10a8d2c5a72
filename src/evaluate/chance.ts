/** Above chance by fewer deviations than this is chance in one case of twenty. */
const DEVIATIONS = 1.645;

/**
 * Counts how often decisions are right, and how often they would be if every label were one more or one less: a model
 * that is no better than chance is one that the labels, or the inputs, do not belong to.
 */
export function guessCounter(): {
  /** @param classes of the model; `undefined` where its decisions do not tell */
  add(decision: number, label: number, classes: number | undefined): void;
  /** What speaks against the labels, in words; `undefined` where nothing does. */
  doubt(): string | undefined;
} {
  let samples = 0;
  let right = 0;
  let above = 0;
  let below = 0;
  let highest = 0;
  let known: number | undefined;
  return {
    add(decision, label, classes) {
      samples++;
      if (decision === label) right++;
      if (decision === label + 1) above++;
      // A row with a NaN decides on -1, which is none.
      if (decision >= 0 && decision === label - 1) below++;
      highest = Math.max(highest, label);
      known = classes ?? known;
    },
    doubt() {
      const classes = known ?? highest + 1;
      if (right === samples || classes < 2) return undefined;
      const chance = 1 / classes;
      const most = chance + DEVIATIONS * Math.sqrt((chance * (1 - chance)) / samples);
      if (right / samples > most) return undefined;
      const percent = (count: number) => `${((100 * count) / samples).toFixed(2)} %`;
      const figure = `the model is right about ${percent(right)} of ${samples} labels, which is no better than chance (one in ${classes})`;
      const [fitting, sign] = above >= below ? [above, '+'] : [below, '−'];
      if (fitting / samples <= most) {
        return `${figure}; are these the labels of its classes, and the inputs prepared as in its training?`;
      }
      const isOneMore = sign === '+' && classes === highest + 2;
      const why = isOneMore ? `; it has ${classes} classes for ${highest + 1}, the first of them for none` : '';
      return `${figure}; with label ${sign} 1 it is about ${percent(fitting)}${why}: ${sign === '+' ? 'add 1 to' : 'subtract 1 from'} all labels`;
    },
  };
}
