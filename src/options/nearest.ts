/** How far off a word may be to count as a misspelling. */
const MOST = 2;

/** The choice that a misspelt word most likely means; none where two are equally near, or all are too far. */
export function nearest(word: string, choices: readonly string[]): string | undefined {
  const near = choices
    // The length alone tells most of them apart, and keeps long words cheap.
    .filter((choice) => Math.abs(choice.length - word.length) <= MOST)
    .map((choice) => ({ choice, distance: editDistance(word, choice) }))
    .filter(({ choice, distance }) => distance <= MOST && distance < choice.length)
    .sort((a, b) => a.distance - b.distance);
  return near.length > 1 && near[0].distance === near[1].distance ? undefined : near[0]?.choice;
}

/** The choices that are most like a word, the nearest first, however far: for a message that tells what there is. */
export function mostAlike(word: string, choices: Iterable<string>, count: number): string[] {
  return [...new Set(choices)]
    .map((choice) => ({ choice, far: editDistance(word, choice) / Math.max(word.length, choice.length, 1) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ choice }) => choice);
}

/** How many characters have to be put in, taken out or replaced to make one word of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      row.push(Math.min(row[j] + 1, above[j + 1] + 1, above[j] + (a[i] === b[j] ? 0 : 1)));
    }
    above = row;
  }
  return above[b.length];
}
