// Takes the place of the built-in constructors in the decoders under test: the same, but what they allocate is counted.
const meter = { bytes: 0 };
globalThis.fuzzMeter = meter;

const TypedArray = Object.getPrototypeOf(Uint8Array);

/** @param {string} name a constructor of typed arrays, or ArrayBuffer */
function metered(name) {
  const original = globalThis[name];
  const each = original.BYTES_PER_ELEMENT ?? 1;
  return new Proxy(original, {
    construct(target, args, newTarget) {
      const [first] = args;
      // Counted before it is tried: what a machine happens to have no memory for was asked for all the same.
      if (typeof first === 'number') meter.bytes += first * each;
      else if (Array.isArray(first) || first instanceof TypedArray) meter.bytes += first.length * each;
      return Reflect.construct(target, args, newTarget);
    },
    get(target, key) {
      const value = target[key];
      if (key !== 'from' && key !== 'of') return value;
      return (...args) => {
        const made = value.apply(target, args);
        meter.bytes += made.byteLength;
        return made;
      };
    },
  });
}

const [bytes, shorts, words, ints, floats, doubles, longs, unsignedLongs, buffer] = [
  'Uint8Array',
  'Uint16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'ArrayBuffer',
].map(metered);

export {
  buffer as ArrayBuffer,
  bytes as Uint8Array,
  doubles as Float64Array,
  floats as Float32Array,
  ints as Int32Array,
  longs as BigInt64Array,
  shorts as Uint16Array,
  unsignedLongs as BigUint64Array,
  words as Uint32Array,
};
