import type { PlotOptions } from '@observablehq/plot';
import { escapeHtml, Markup } from './markup.js';

type Library = typeof import('@observablehq/plot');

/** Draws plots where there is no browser, too. */
export interface Plotter {
  readonly plot: Library;
  /** A plot as SVG that stands in HTML, with a label for those who do not see it. */
  draw(label: string, options: PlotOptions): Markup;
}

/** Text in plots, px. */
export const FONT = 13;

/** Loads the plotting library, and a document for it where there is none: only reports pay for either. */
export async function loadPlotter(): Promise<Plotter> {
  const plot = await import('@observablehq/plot');
  const document = globalThis.document ?? (await import('linkedom')).parseHTML('<html></html>').document;
  return {
    plot,
    draw(label, options) {
      const style = { fontSize: `${FONT}px`, overflow: 'visible' };
      const svg = plot.plot({ ...options, document, style, className: 'plot' });
      // The page has this style once, for all plots.
      for (const element of svg.querySelectorAll('style')) element.remove();
      // A hundredth of a pixel is as exact as need be; only text between tags stays as it is.
      const text = svg.outerHTML.replace(/<[^>]+>/g, (tag) => tag.replace(/(\d\.\d\d)\d+/g, '$1'));
      return new Markup(text.replace(/^<svg /, `<svg role="img" aria-label="${escapeHtml(label)}" `));
    },
  };
}
