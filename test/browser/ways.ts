import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { expect } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { default: string }>;
};

/** An app that starts a worker of the package, and the folder that it is bundled into, as `app.js`. */
interface App {
  /** Where its package.json is. */
  readonly folder: string;
  readonly entry: string;
  readonly out: string;
  /** What the worker is exported as, and the name that its file has to have where a bundler does not find it. */
  readonly worker: { readonly from: string; readonly name: string };
}

/** A package by its name alone: what it exports is not looked at. */
const load = (name: string) => import(/* @vite-ignore */ name);

/** The ways to bundle that docs/page.md has. */
export const WAYS: Readonly<Record<string, (app: App) => Promise<unknown>>> = {
  Vite: ({ folder, entry, out: outDir }) => {
    const rolldownOptions = { input: entry, output: { entryFileNames: 'app.js' } };
    return vite({ root: folder, logLevel: 'error', base: './', build: { outDir, minify: false, rolldownOptions } });
  },
  webpack: async ({ folder: context, entry, out: path }) => {
    const { default: webpack } = await load('webpack');
    const output = { path, filename: 'app.js' };
    // Sizes of what is not minified are not worth a warning.
    const options = { mode: 'production', optimization: { minimize: false }, performance: false };
    const compiler = webpack({ ...options, context, entry, output });
    const problems = await new Promise((resolve, reject) =>
      compiler.run((error: unknown, stats: { toString(options: object): string }) =>
        error ? reject(error) : resolve(stats.toString({ all: false, errors: true, warnings: true })),
      ),
    );
    expect(problems).toBe('');
  },
  esbuild: ({ folder, entry, out: outdir, worker: { from, name } }) => {
    const entryPoints = { app: entry, [name]: from };
    return esbuild({ entryPoints, outdir, bundle: true, format: 'esm', absWorkingDir: folder });
  },
  Rollup: async ({ entry, out: dir, worker: { from, name } }) => {
    const { rollup } = await load('rollup');
    // In place of @rollup/plugin-node-resolve.
    const resolveId = (id: string) => {
      const found = /^fxq-compress(.*)$/.exec(id);
      return found && join(root, exports[`.${found[1]}`].default);
    };
    const bundle = await rollup({ input: { app: entry, [name]: from }, plugins: [{ name: 'resolve', resolveId }] });
    await bundle.write({ dir, format: 'es', entryFileNames: '[name].js' });
  },
};
