import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const benches = readdirSync(join(root, 'scripts/bench'))
  .filter((file) => file.endsWith('.js'))
  .map((file) => basename(file, '.js'));

const MADE = ['node_modules', 'build', 'dist', 'out', 'coverage', '.git'];

/** Every text of the repository that may name a command. */
function textsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return MADE.includes(entry.name) ? [] : textsIn(path);
    return /\.(md|ts|js|ya?ml)$|^\.ci/.test(path) ? [path] : [];
  });
}

describe('the commands of package.json', () => {
  it('are at most 20', () => {
    expect(Object.keys(scripts).length).toBeLessThanOrEqual(20);
  });

  it('run files that are there', () => {
    const files = Object.values(scripts).flatMap((command) => command.match(/\S+\.js\b|\S+\/run\b/g) ?? []);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('are those that texts name', () => {
    const wrong = textsIn('').flatMap((path) =>
      [...read(path).matchAll(/npm run ([a-z][\w:-]*)(?: (?:-- )?([a-z][\w-]*))?/g)]
        .filter(([, name, bench]) => !(name in scripts) || (name === 'bench' && bench && !benches.includes(bench)))
        .map(([text]) => `${path}: ${text}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('npm run bench', () => {
  const bench = join(root, 'scripts/bench.js');

  it('lists every benchmark with one line', () => {
    const lines = execFileSync(process.execPath, [bench], { encoding: 'utf8' }).trim().split('\n').slice(2);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(benches);
    for (const line of lines) expect(line).toMatch(/^\S+ +[\w`-].{20,}[.:]$/);
  });

  it('refuses a name that there is no benchmark of', () => {
    const { status, stderr } = spawnSync(process.execPath, [bench, 'speed'], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('compare');
    expect(stderr).toContain('got speed');
  });
});
