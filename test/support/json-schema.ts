/**
 * Whether a JSON schema accepts a value: the few keywords that the package's own schema uses. Any other is an error, so
 * that none goes by unchecked.
 */
export function accepts(schema: unknown, value: unknown): boolean {
  return Object.entries(schema as object).every(([keyword, rule]) => {
    if (ANNOTATIONS.includes(keyword)) return true;
    const test = KEYWORDS[keyword];
    if (!test) throw new Error(`JSON schema: the keyword ${keyword} is not known here`);
    return test(rule, value, schema as object);
  });
}

const ANNOTATIONS = ['$schema', 'title', 'description'];

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Record<string, (value: unknown) => boolean> = {
  object: isMap,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
};

// biome-ignore lint/suspicious/noExplicitAny: a rule is what its keyword makes it
const KEYWORDS: Record<string, (rule: any, value: any, schema: object) => boolean> = {
  type: (name: string, value) => TYPES[name](value),
  enum: (choices: unknown[], value) => choices.includes(value),
  const: (only, value) => value === only,
  minimum: (low: number, value) => typeof value !== 'number' || value >= low,
  exclusiveMinimum: (low: number, value) => typeof value !== 'number' || value > low,
  maximum: (high: number, value) => typeof value !== 'number' || value <= high,
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  items: (each, value) => !Array.isArray(value) || value.every((item) => accepts(each, item)),
  required: (keys: string[], value) => !isMap(value) || keys.every((key) => Object.hasOwn(value, key)),
  properties: (keys: object, value) =>
    !isMap(value) || Object.entries(keys).every(([key, of]) => !Object.hasOwn(value, key) || accepts(of, value[key])),
  additionalProperties(allowed: boolean, value, schema) {
    const { properties = {} } = schema as { properties?: object };
    return allowed || !isMap(value) || Object.keys(value).every((key) => Object.hasOwn(properties, key));
  },
  allOf: (schemas: unknown[], value) => schemas.every((each) => accepts(each, value)),
  anyOf: (schemas: unknown[], value) => schemas.some((each) => accepts(each, value)),
  not: (not, value) => !accepts(not, value),
};
