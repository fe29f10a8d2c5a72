import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const load = (path: string) => import(/* @vite-ignore */ new URL(`../../${path}`, import.meta.url).href);

it('a release takes what is unreleased, and refuses where nothing is', async () => {
  const { changelogOf, nextVersions } = await load('scripts/release/versions.js');
  expect(nextVersions('0.1.9')).toEqual(['0.1.10', '0.2.0', '1.0.0']);
  const before = '# Changelog\n\n## Unreleased\n\n- new\n  thing\n\n## 0.1.0 (2020-01-01)\n\n- old\n';
  const { text, news } = changelogOf(before, '0.2.0', new Date(Date.UTC(2021, 1, 3)));
  expect(news).toBe('- new\n  thing');
  expect(text).toBe(before.replace('## Unreleased\n', '## Unreleased\n\n## 0.2.0 (2021-02-03)\n'));
  expect(() => changelogOf(text, '0.3.0', new Date())).toThrow(/got none/);
});

it('a release compares where the repository is', async () => {
  const { addressOf, repositoryOf } = await load('scripts/release/repository.js');
  const here = 'https://example.org/who/what';
  for (const url of [
    `git+${here}.git`,
    here,
    `${here}.git\n`,
    'git@example.org:who/what.git',
    'ssh://git@example.org/who/what',
  ])
    expect(addressOf(url)).toBe(here);
  expect(repositoryOf(root, 'packages/fxq-decode/package.json')).toBe(repositoryOf(root));
});

it('a release names the versions that may come next', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/release.js', '9.9.9'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(/^release: expected the next version, one of \d/);
});
