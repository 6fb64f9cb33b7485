import { randomBytes, randomInt } from 'node:crypto';

const adjectives =
  'agile amber brave bright calm candid clever cosmic curious daring eager early fair fearless gentle golden happy hardy honest humble jolly keen kind lively lucid mellow merry neat nimble noble patient proud quick quiet rapid serene sharp silent sincere smart steady sunny swift tidy vivid warm wise witty young zesty';
const people =
  'ada archimedes bardeen bell bohr boole carson cerf clarke cori curie darwin dijkstra einstein euclid euler faraday fermat fermi galileo gauss goodall hamilton hawking hopper hypatia kepler knuth lamport lamarr lovelace maxwell meitner mendel newton noether pascal pasteur perlman ptolemy ramanujan ritchie shannon sinoussi stallman tesla thompson torvalds turing wing';

/** 64 hexadecimal digits, like Docker's. Never all decimal at the start, so that the short form is no number. */
export function newContainerId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d{12}/.test(id)) return id;
  }
}

/** `brave_turing`, as Docker names a container that got no name. */
export function randomContainerName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${pick(adjectives)}_${pick(people)}${attempt > 3 ? randomInt(10) : ''}`;
    if (!isTaken(name)) return name;
  }
}

function pick(words: string): string {
  const all = words.split(' ');
  return all[randomInt(all.length)]!;
}
