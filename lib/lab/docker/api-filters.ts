import { ApiError } from './api-error.ts';

/** Reads `filters={"name":["x"]}`, or the older `{"name":{"x":true}}`. A filter that is not known is an error, as in Docker. */
export function parseFilters<Name extends string>(text: string | null, known: Name[]): Partial<Record<Name, string[]>> {
  if (!text) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError(400, `invalid filters: ${text}`);
  }
  if (typeof value !== 'object' || value === null) throw new ApiError(400, `invalid filters: ${text}`);
  const filters: Partial<Record<Name, string[]>> = {};
  for (const [name, values] of Object.entries(value)) {
    const found = known.find((one) => one === name);
    if (!found) throw new ApiError(400, `invalid filter '${name}'`);
    filters[found] = Array.isArray(values) ? values.map(String) : Object.keys(values ?? {});
  }
  return filters;
}
