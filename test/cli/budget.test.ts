import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { filesIn, fxq, LENET, MNIST, makeFolder, putImages, stopped } from './support.js';

const IMAGES = 384;

function search(out: string, ...flags: string[]) {
  return fxq('compress', LENET, '-o', out, '--data', putImages(IMAGES), '--threads', '1', ...flags);
}

describe('compress --data', () => {
  it('finds the smallest within a loss, shows what it tried, and writes a config that makes the same bytes', () => {
    const folder = makeFolder();
    const out = join(folder, 'model.fxq');
    const { code, stdout, stderr } = search(out, '--max-loss', '2', '--table');
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^searching on .*\n {2}judged by accuracy, in points: output 'logits' holds scores of classes\nwarning: 96 inputs kept apart cannot tell 2\.00 points by counting; 185 could; judged by how far their scores move\n( {2}[\d.]+ KB, lost −?[\d.]+ points, 95 %: −?[\d.]+ to [\d.]+, expected of 384 inputs\n)+ {2}judged by [\d,]+ inputs kept apart\n {2}chosen: [\d.]+ KB\n$/,
      ),
    ]);
    expect(stdout).toMatch(/^ +bytes +points lost +95 % +divergence\n─+\n/);
    expect(stdout.match(/← chosen$/gm)).toHaveLength(1);
    expect(stdout).toMatch(/^fc1\.weight +235,200 /m);
    expect(stdout).toMatch(
      /^answers: lost −?[\d.]+ points, 95 %: .*, expected of 384 inputs, of which 96 were kept apart$/m,
    );
    expect(stdout).toMatch(/^time: .* \(search .*, encode .*, verify .*\)$/m);
    expect(Object.keys(filesIn(folder))).toEqual(['model.fxq', 'model.fxq.yaml']);
    const config = readFileSync(join(folder, 'model.fxq.yaml'), 'utf8');
    expect(config).toMatch(
      /^# Chosen by fxq-compress for "lenet-300-100\.onnx": [\d.]+ KB, lost −?[\d.]+ points, 95 %: .*, expected of 384 inputs; judged by accuracy on 96 inputs kept apart, measured on 288 others, seed 0\.\n/,
    );
    expect(parse(config).layers.map(({ match }: { match: string }) => match)).toEqual([
      'fc1.weight',
      'fc2.weight',
      'fc3.weight',
    ]);
    const again = join(makeFolder(), 'again.fxq');
    expect(fxq('compress', LENET, '-o', again, '--config', join(folder, 'model.fxq.yaml')).code).toBe(0);
    expect(readFileSync(again).equals(readFileSync(out))).toBe(true);
  });

  it('keeps to a size, as JSON, with what is fixed by options and a config file, which it writes down, too', () => {
    const folder = makeFolder();
    const [out, base, config] = ['model.fxq', 'base.yaml', 'chosen.yaml'].map((name) => join(folder, name));
    writeFileSync(base, 'exclude: [fc3.*]\nlayers:\n  - match: fc2.weight\n    cluster: { bits: 4 }\n');
    const fixed = ['--config', base, '--density', '0.3', '--init', 'density', '--centroids', 'native'];
    const { code, stdout } = search(out, '--target-size', '45kB', ...fixed, '--save-config', config, '--json');
    expect(code).toBe(0);
    const { budget, outputBytes } = JSON.parse(stdout);
    expect(readFileSync(out)).toHaveLength(outputBytes);
    expect(outputBytes).toBeLessThanOrEqual(45_000);
    expect(budget).toMatchObject({ config, isReached: true, skipped: [], samples: expect.any(Number) });
    expect(budget.chosen).toEqual({
      bytes: outputBytes,
      loss: expect.any(Number),
      judgement: expect.any(Object),
      divergence: expect.any(Number),
    });
    expect(budget.points).toContainEqual(budget.chosen);
    expect(budget.layers).toEqual([{ name: 'fc1.weight', clusters: expect.any(Number) }, { name: 'fc2.weight' }]);
    expect(parse(readFileSync(config, 'utf8'))).toEqual({
      exclude: ['fc3.*'],
      prune: { density: 0.3 },
      cluster: { init: 'density', centroids: 'native' },
      layers: [
        { match: 'fc2.weight', cluster: { bits: 4 } },
        { match: 'fc1.weight', cluster: { clusters: budget.layers[0].clusters } },
      ],
    });
    const again = join(folder, 'again.fxq');
    expect(fxq('compress', LENET, '-o', again, '--config', config).code).toBe(0);
    expect(readFileSync(again).equals(readFileSync(out))).toBe(true);
  });

  it('searches for densities alone with --no-cluster, and reproduces that', () => {
    const folder = makeFolder();
    const out = join(folder, 'model.fxq');
    expect(search(out, '--max-loss', '3', '--no-cluster', '--include', 'fc2.weight', '-q').code).toBe(0);
    const written = parse(readFileSync(join(folder, 'model.fxq.yaml'), 'utf8'));
    expect(written).toMatchObject({ include: ['fc2.weight'], cluster: false });
    const again = join(folder, 'again.fxq');
    expect(fxq('compress', LENET, '-o', again, '--config', join(folder, 'model.fxq.yaml')).code).toBe(0);
    expect(readFileSync(again).equals(readFileSync(out))).toBe(true);
  });

  it('says why a goal is missed where options leave nothing to choose', () => {
    const { code, stderr } = search(
      join(makeFolder(), 'out.fxq'),
      '--bits',
      '1',
      '--density',
      '0.02',
      '--max-loss',
      '0',
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('the options left one setting to try; fix less\n')]);
  });

  it('replaces a config that a search has written, and no other', () => {
    const folder = makeFolder();
    const [out, config] = ['model.fxq', 'model.fxq.yaml'].map((name) => join(folder, name));
    writeFileSync(config, 'prune: { density: 0.5 }\n');
    const refused = search(out, '--include', 'fc3.weight');
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('exists already, and no search has written it; name a file with --save-config');
    expect(Object.keys(filesIn(folder))).toEqual(['model.fxq.yaml']);
    writeFileSync(config, '# Chosen by fxq-compress for an older model.\n');
    expect(search(out, '--include', 'fc3.weight').code).toBe(0);
    expect(readFileSync(config, 'utf8')).toContain('layers:');
    const same = search(out, '--save-config', join(folder, '.', 'model.fxq'));
    expect([same.code, same.stderr]).toEqual([2, expect.stringContaining('this is the container itself')]);
    const input = search(out, '--config', config, '--save-config', config);
    expect([input.code, input.stderr]).toEqual([1, expect.stringContaining('choose another name with --save-config')]);
  });

  it.each([
    [['--max-loss', '1', '--target-size', '9kB'], 'cannot be used with option'],
    [['--calibrate', MNIST], '--data is for a search without calibration'],
    [['--lambda', '1e-7'], '--lambda is a price for --calibrate'],
    [['--snr', '30'], '--snr is a goal of its own'],
    [['--fast'], '--fast needs --calibrate'],
    [['--calibrate-samples', '64'], '--calibrate-samples needs --calibrate'],
    [['--max-loss', '-1'], 'budget: expected a --max-loss of at least 0, got -1'],
    [['--target-size', 'small'], 'Expected a size such as 90000, 90kB or 1.5MB.'],
    [['--seed', '-1'], 'Expected a whole number from 0 to'],
    [['--density', '2'], 'prune: expected a density from 0 to 1, got 2'],
    [['--bits', '40'], 'cluster: expected a whole number of bits from 1 to 10, got 40'],
  ])('refuses %j', (flags, message) => {
    const folder = makeFolder();
    const { code, stdout, stderr } = search(join(folder, 'out.fxq'), ...flags);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
    expect(stderr).not.toContain('fault of fxq-compress');
    expect(filesIn(folder)).toEqual({});
  });

  it('is what --save-config is for', () => {
    const { code, stderr } = fxq('compress', LENET, '-o', join(makeFolder(), 'out.fxq'), '--save-config', 'a.yaml');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--save-config needs --data')]);
  });

  it('stopped on the way leaves the old file and nothing else', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out.fxq');
    writeFileSync(out, 'old');
    const { code, stderr } = await stopped(
      ['compress', LENET, '-o', out, '--data', putImages(IMAGES), '--max-loss', '1', '--threads', '1'],
      'KB, lost ',
    );
    expect([code, stderr]).toEqual([
      130,
      expect.stringContaining('error: stopped by SIGINT; no file was changed (ABORTED)\n'),
    ]);
    expect(Object.entries(filesIn(folder)).map(([name, bytes]) => [name, String(bytes)])).toEqual([['out.fxq', 'old']]);
  });
});
