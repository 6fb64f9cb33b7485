// Random requests of the keys API from a seed, for comparing two servers; only for tests.

export interface GeneratedRequest {
  method: string;
  /** Path and query. */
  target: string;
  form: string | undefined;
  /** Of the form; absent: as usual. */
  contentType?: string;
}

/** Small numbers from a seed (mulberry32), so that a failure can be run again. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const names = ['a', 'b', 'ab', '_h', 'c%20d', '%C3%A9', '__proto__'];
const values = ['', '1', '2', 'two words', '<&>', 'a"b\\n', '\u2028', 'x'.repeat(300), '\b\f\u007f\u0001', '%', '+'];

/** @param index the store's index before the request, so that comparisons sometimes hold */
export function generateRequest(random: () => number, index: number): GeneratedRequest {
  const pick = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)]!;
  const maybe = (share: number, choices: readonly string[]) => (random() < share ? [encodeURI(pick(choices)).replaceAll('+', '%2B')] : []);
  const parts = Array.from({ length: Math.floor(random() * 4) }, () => `/${pick(names)}`);
  const path =
    parts.join('') + (random() < 0.05 ? '/' : '') + (random() < 0.01 ? pick(['//a', '/../a', '/./b', '/a/..', '/%zz', '/%2e%2e/b']) : '');
  const indices = ['0', String(index), String(index - 1), String(index - 2), 'x', '', '18446744073709551616', '-1'];
  const flagged = (name: string) => [`${name}=true`, `${name}=false`, `${name}=1`, `${name}=maybe`, `${name}=`, name];
  const oftenRight = (name: string) => [
    ...Array(8)
      .fill([`${name}=true`, `${name}=false`])
      .flat(),
    ...flagged(name),
  ];
  const compare = [
    ...maybe(
      0.12,
      values.slice(0, 5).map((value) => `prevValue=${value}`),
    ),
    ...maybe(
      0.12,
      indices.map((each) => `prevIndex=${each}`),
    ),
  ];
  const lifetime = [...maybe(0.12, ['ttl=1000', 'ttl=500', 'ttl=', 'ttl=x', 'ttl=-5', 'ttl=1e3']), ...maybe(0.06, oftenRight('refresh'))];
  const method = pick(
    ['GET', 'GET', 'PUT', 'PUT', 'PUT', 'PUT', 'PUT', 'POST', 'DELETE', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'].slice(
      0,
      random() < 0.9 ? 10 : 13,
    ),
  );
  const value = random() < 0.8 ? [`value=${encodeURIComponent(pick(values))}`] : [];
  const parameters =
    method === 'GET' || method === 'HEAD'
      ? [
          ...maybe(0.4, oftenRight('recursive')),
          ...maybe(0.4, oftenRight('sorted')),
          ...maybe(0.1, oftenRight('quorum')),
          ...maybe(0.02, flagged('stream').slice(1)),
          ...maybe(0.02, ['wait=false', 'wait=0', 'wait=maybe', 'wait=']),
          ...maybe(0.02, ['waitIndex=x', 'waitIndex=', 'waitIndex=-1', 'waitIndex=7']),
        ]
      : method === 'DELETE'
        ? [...maybe(0.4, oftenRight('recursive')), ...maybe(0.3, oftenRight('dir')), ...compare]
        : [
            ...value,
            ...maybe(0.15, oftenRight('dir')),
            ...maybe(0.3, oftenRight('prevExist')),
            ...compare,
            ...lifetime,
            ...maybe(0.05, oftenRight('noValueOnSuccess')),
            ...maybe(0.02, flagged('wait')),
          ];
  const odd = maybe(0.02, ['a;b', 'a=%zz', 'unknown=1', 'consistent=true', '=', '&', 'value=late', 'dir=false']);
  // Parameters may stand in the query, in the form, or some here and some there.
  const takesForm = method === 'PUT' || method === 'POST';
  const share = takesForm ? pick([0, 0.5, 1, 1]) : 0;
  const isInForm = parameters.map(() => random() < share);
  const query = [...parameters.filter((_, index) => !isInForm[index]), ...odd].join('&');
  const form = parameters.filter((_, index) => isInForm[index]).join('&');
  const types = ['application/x-www-form-urlencoded; charset=utf-8', 'Application/X-WWW-Form-Urlencoded', 'text/plain', 'application/json'];
  return {
    method,
    target: `/v2/keys${path}${query ? `?${query}` : ''}`,
    form: share > 0 ? form : undefined,
    ...(random() < 0.05 ? { contentType: pick(types) } : {}),
  };
}
