import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema, parseConfig } from '../../src/cli/config.js';
import { configTemplate } from '../../src/cli/config-template.js';
import { addStage, optionsFrom } from '../../src/cli/flags.js';
import type { Tensor } from '../../src/model/model.js';
import type { Selection } from '../../src/model/selectors.js';
import { openOnnx } from '../../src/onnx/open.js';
import { checkAlternatives, checkOptions } from '../../src/options/check.js';
import { choice, number, type Option, type OptionsOf, word } from '../../src/options/option.js';
import { STAGES, stageNamed } from '../../src/stages/registry.js';
import type { Stage, StageDefinition } from '../../src/stages/stage.js';
import { accepts } from '../support/json-schema.js';
import { generatedModels } from '../support/models.js';

interface WidenOptions extends Selection<object> {
  factor?: number | undefined;
  format?: string | undefined;
}

/** A stage of this test's own, as a file of src/stages has one. */
function widen(extra: Record<string, Option> = {}): StageDefinition {
  const options = {
    factor: number({ text: 'what weights are multiplied by', value: 'factor', above: 0, high: 8, default: 2 }),
    format: word({ text: 'numbers that weights become', value: 'format', what: 'such as int8', pattern: /^u?int\d$/ }),
  } satisfies OptionsOf<WidenOptions, keyof Selection<never>>;
  const declared = { ...options, ...extra };
  const alternatives = ['factor', 'format'];
  return {
    name: 'widen',
    text: 'How wide the weights become',
    options: declared,
    alternatives,
    perLayer: Object.keys(declared),
    example: { all: { factor: 3 }, layer: { format: 'int8' } },
    create(given: WidenOptions): Stage {
      checkAlternatives('widen', alternatives, given);
      checkOptions('widen', declared, given);
      return { name: 'widen', run: (model) => model };
    },
  };
}

/** The option that is added, in one place. */
const ADDED = {
  rounding: choice({ text: 'where values go', value: 'kind', of: ['nearest', 'stochastic'], default: 'nearest' }),
};

function commandOf(stage: StageDefinition): { command: Command; told: string[] } {
  const told: string[] = [];
  const writeErr = (text: string) => void told.push(text);
  const command = new Command('widen').exitOverride().configureOutput({ writeErr, getOutHelpWidth: () => 200 });
  return { command: addStage(command, stage), told };
}

function flagsOf(stage: StageDefinition, ...args: string[]): object {
  const { command } = commandOf(stage);
  return optionsFrom(stage.options, command.parse(args, { from: 'user' }).opts());
}

describe('an option that a stage declares', () => {
  const before = widen();
  const after = widen(ADDED);

  it('is checked when the stage is made', () => {
    expect(() => before.create({ rounding: 'up' })).not.toThrow();
    expect(() => after.create({ rounding: 'stochastic' })).not.toThrow();
    expect(() => after.create({ rounding: 'up' })).toThrow(
      new RangeError('widen: expected rounding nearest or stochastic, got up'),
    );
  });

  it('is a flag with its help', () => {
    expect(commandOf(before).command.helpInformation()).not.toContain('rounding');
    expect(commandOf(after).command.helpInformation()).toMatch(
      / --rounding <kind> +where values go \(default: nearest\) \(choices: "nearest", "stochastic"\)/,
    );
    expect(flagsOf(after, '--rounding', 'stochastic', '--factor', '0.5')).toEqual({
      rounding: 'stochastic',
      factor: 0.5,
    });
    const { command, told } = commandOf(after);
    expect(() => command.parse(['--rounding', 'up'], { from: 'user' })).toThrow(
      'Allowed choices are nearest, stochastic',
    );
    expect(told.join()).toContain('--rounding');
  });

  it('is a key of config files, for all layers and for one, and of their schema', () => {
    const text = 'widen: { rounding: stochastic }\nlayers: [{ match: a, widen: { rounding: nearest } }]';
    const stages = [...STAGES, after];
    expect(() => parseConfig(text, 'fxq.yaml', [...STAGES, before])).toThrow(
      /unknown key "rounding"; allowed: factor, format/,
    );
    expect(parseConfig(text, 'fxq.yaml', stages)).toEqual(parse(text));
    expect(() => parseConfig('widen: { rounding: up }', 'fxq.yaml', stages)).toThrow(
      'fxq.yaml:1:20: widen.rounding: expected one of nearest, stochastic, got "up"',
    );
    const schema = configSchema(stages);
    expect(accepts(schema, parse(text))).toBe(true);
    expect(accepts(configSchema([...STAGES, before]), parse(text))).toBe(false);
    expect(accepts(schema, { widen: { rounding: 'up' } })).toBe(false);
    expect(schema).toMatchObject({
      properties: {
        widen: { properties: { rounding: { description: 'Where values go. Default: nearest.' } } },
        layers: { items: { properties: { widen: { properties: { rounding: { enum: ['nearest', 'stochastic'] } } } } } },
      },
    });
  });

  it('is told by what init writes', () => {
    const model = openOnnx(generatedModels()[0].bytes);
    const layers = model.tensors.filter((tensor: Tensor) => tensor.name !== '').slice(0, 1);
    const template = (stage: StageDefinition) =>
      configTemplate(layers, [], { model: 'm.onnx', stages: [...STAGES, stage] });
    expect(template(before)).not.toContain('where values go');
    const text = template(after);
    expect(text).toContain('# widen:    factor    what weights are multiplied by, above 0, up to 8 (default: 2)');
    expect(text).toContain('#           format    or: numbers that weights become\n');
    expect(text).toContain('#           rounding  where values go: nearest, stochastic (default: nearest)\n');
    expect(text).toContain('\n# widen: { factor: 3 }\n');
    expect(text).toContain('\n    # widen: { format: int8 }\n');
    const set = text.replaceAll('# widen: {', 'widen: {');
    expect(parseConfig(set, 'fxq.yaml', [...STAGES, after])).toMatchObject({
      widen: { factor: 3 },
      layers: [{ widen: { format: 'int8' } }],
    });
  });

  it('excludes its alternatives wherever it is said', () => {
    expect(() => after.create({ factor: 2, format: 'int8' })).toThrow('expected one of factor and format');
    const { command } = commandOf(after);
    expect(() => command.parse(['--factor', '2', '--format', 'int8'], { from: 'user' })).toThrow('cannot be used with');
    const text = 'widen: { factor: 2, format: int8 }';
    expect(() => parseConfig(text, 'fxq.yaml', [after])).toThrow('expected one of factor, format');
    expect(accepts(configSchema([after]), parse(text))).toBe(false);
  });
});

describe('the registry', () => {
  it('finds stages by their names', () => {
    for (const stage of STAGES) expect(stageNamed(stage.name)).toBe(stage);
    expect(() => stageNamed('widen')).toThrow('expected the name of a stage (prune, cluster, quantize), got widen');
  });

  it.each(STAGES)('$name says what holds', ({ name, options, alternatives, perLayer, example, create }) => {
    const names = Object.keys(options);
    expect(names).toEqual(expect.arrayContaining([...alternatives, ...perLayer]));
    expect(() => create(example.all)).not.toThrow();
    expect(create(example.all).name).toBe(name);
    for (const option of Object.values(options) as Option[]) {
      if (option.default !== undefined) expect(option.accepts(option.default)).toBe(true);
      expect(option.text).toMatch(/^[a-z0-9].*[^.]$/);
    }
  });
});
