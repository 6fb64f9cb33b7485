// PUT of a unit: created, replaced, or its target state changed; fleet's checks in fleet's order.
import type { UnitOption } from '#lib/cluster/fleet-client.ts';
import { parseUnitFile, unitHash, unitText } from '#lib/cluster/unit-file.ts';
import { ApiError, type UnitRequest } from './api-requests.ts';
import type { Registry } from './registry.ts';
import type { TargetState } from './registry-values.ts';
import { problemOfRequirements } from './requirements.ts';
import { partsOfName, problemOfName } from './unit-name.ts';

/** Answers with the status: 201 for a new text, 204 for a new state. */
export function putUnit(registry: Registry, name: string, { name: bodyName, options: given, desiredState }: UnitRequest): 201 | 204 {
  if (bodyName !== '' && bodyName !== name) {
    const names = [name, bodyName].map((each) => JSON.stringify(each));
    throw new ApiError(400, `name in URL ${names[0]} differs from unit name in request body ${names[1]}`);
  }
  const problem = problemOfName(name);
  if (problem !== undefined) throw new ApiError(400, problem);
  const target = readState(desiredState);
  const options = given?.length ? readBack(given) : [];
  const existing = registry.job(name);
  if (!existing) {
    if (!options.length) throw new ApiError(409, 'unit does not exist and options field empty');
    const clash = problemOfRequirements(name, options);
    if (clash !== undefined) throw new ApiError(400, clash);
    registry.createUnit(name, options, target ?? 'inactive');
    return 201;
  }
  if (options.length && unitHash(options) !== existing.hash) {
    registry.createUnit(name, options, target ?? 'inactive');
    return 201;
  }
  if (target === undefined) throw new ApiError(409, 'must provide DesiredState to update existing unit');
  if (partsOfName(name).isTemplate && target !== 'inactive') throw new ApiError(400, `cannot activate template ${JSON.stringify(name)}`);
  registry.setTargetState(name, target);
  return 204;
}

/** fleetd takes any word and breaks on it later; here it is refused at once. */
function readState(text: string): TargetState | undefined {
  if (text === '') return undefined;
  if (text === 'inactive' || text === 'loaded' || text === 'launched') return text;
  throw new ApiError(400, `invalid unit state ${JSON.stringify(text)}: expect inactive, loaded or launched`);
}

/** The options as they will be read from the registry: the hash must be that of the text there. */
function readBack(options: UnitOption[]): UnitOption[] {
  try {
    return parseUnitFile(unitText(options));
  } catch (error) {
    throw new ApiError(400, error instanceof Error ? error.message : String(error));
  }
}
