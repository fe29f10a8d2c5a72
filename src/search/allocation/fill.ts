import type { Candidate } from './candidates.js';
import type { Setting } from './frontier.js';

/**
 * Spends bytes that are left over: again and again on the change of one layer that lowers the divergence the most for each
 * byte and still fits. Whole steps of the frontier would leave a few per cent unused.
 *
 * @param room - bytes to spend
 * @param choicesOf - what a layer may have instead
 * @param divergenceOf - the divergence expected of a candidate of a layer
 */
export function fill(
  setting: Setting,
  room: number,
  choicesOf: (layer: number, own: Candidate) => readonly Candidate[],
  divergenceOf: (layer: number, candidate: Candidate) => number,
): Setting {
  const chosen = [...setting];
  for (let left = room; ; ) {
    let best: { layer: number; candidate: Setting[number]; worth: number } | undefined;
    for (const [layer, own] of chosen.entries()) {
      for (const candidate of choicesOf(layer, own)) {
        const bytes = candidate.bytes - own.bytes;
        const saved = divergenceOf(layer, own) - divergenceOf(layer, candidate);
        if (bytes <= 0 || bytes > left || saved <= 0) continue;
        if (!best || saved / bytes > best.worth) best = { layer, candidate, worth: saved / bytes };
      }
    }
    if (!best) return chosen;
    left -= best.candidate.bytes - chosen[best.layer].bytes;
    chosen[best.layer] = best.candidate;
  }
}
