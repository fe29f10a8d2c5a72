/** sfc32, so that a seed gives the same damage on every machine: `random(limit)` is an integer from 0 to `limit` − 1. */
export function generator(seed, stream = 0) {
  let [a, b, c, d] = [0x9e3779b9, stream | 0, seed | 0, 1];
  const next = () => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return (limit) => next() % limit;
}
