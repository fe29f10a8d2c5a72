import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/** Stands for the folder of packed packages in files of which esbuild has not said yet where they will be. */
const MARK = 'packed:';

/**
 * Packs packages that the sources import, each into a file of its own, and their licences beside them.
 *
 * @param names - keys are names of files, values those of packages
 */
export async function packDependencies(options, outdir, names) {
  const { metafile } = await build({ ...options, entryPoints: names, outdir, metafile: true });
  writeFileSync(join(outdir, 'LICENCES.txt'), licencesOf(options.absWorkingDir, Object.keys(metafile.inputs)));
}

/** Bundles files that share the packed packages. */
export async function buildOnPacked(options, packed, names) {
  const files = new Map(Object.entries(names).map(([file, name]) => [name, file]));
  const plugin = {
    name: 'packed',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^[@\w]/ }, ({ path }) =>
        files.has(path) ? { path: `${MARK}${files.get(path)}.js`, external: true } : undefined,
      ),
  };
  const { outputFiles } = await build({ ...options, plugins: [plugin], write: false });
  for (const { path, text } of outputFiles) {
    const to = relative(dirname(path), packed).replaceAll('\\', '/');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text.replaceAll(`"${MARK}`, `"${to.startsWith('.') ? to : `./${to}`}/`));
  }
}

/** The licences of all packages that some of these files are of; they ask to be shipped with what contains them. */
function licencesOf(root, paths) {
  const folders = new Set(paths.flatMap((path) => path.match(/^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? `\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}` : '';
    return `${name} ${version}, ${license}${text}\n`;
  });
  return `This folder, and workers of this package, contain these packages, in whole or in part.\n\n${texts.join('\n\n')}`;
}
