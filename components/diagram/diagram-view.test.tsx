import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { diagramParts } from '#lib/shared/chapter.ts';
import type { ClusterState } from '#lib/shared/cluster.ts';
import { DiagramView } from './diagram-view.tsx';

const machine = { id: 'a'.repeat(32), address: '172.17.8.101', metadata: {} };
const unit = {
  name: 'reflector.service',
  machineId: machine.id,
  desired: 'launched',
  current: 'launched',
  load: 'loaded',
  hash: 'f'.repeat(40),
};
const up: ClusterState = { status: 'up', machines: [machine], units: [] };
const starting: ClusterState = { status: 'up', machines: [machine], units: [{ ...unit, active: 'activating', sub: 'start-pre' }] };
const running: ClusterState = { status: 'up', machines: [machine], units: [{ ...unit, active: 'active', sub: 'running' }] };

function draw(cluster: ClusterState, focus: (typeof diagramParts)[number] | null = null): string {
  return renderToStaticMarkup(<DiagramView focus={focus} cluster={cluster} />);
}

function litParts(html: string): string[] {
  return diagramParts.filter((part) => new RegExp(`data-part="${part}"[^>]*data-on="true"`).test(html));
}

test('every part is in the picture, in its description and in the list beneath', () => {
  const html = draw({ status: 'down' });
  const described = /<desc[^>]*>(.*?)<\/desc>/s.exec(html)?.[1];
  for (const part of diagramParts) expect(html).toContain(`data-part="${part}"`);
  for (const name of ['Vagrant', 'CoreOS machine', 'etcd', 'systemd', 'Docker container', 'Node server', 'fleetctl']) {
    expect(described).toContain(name);
    expect(html).toMatch(new RegExp(`<strong>[^<]*${name}`));
  }
});

test('the picture has a name and a description for those who do not see it', () => {
  const html = draw({ status: 'down' });
  const [, title, desc] = /aria-labelledby="(\S+) (\S+)"/.exec(html) ?? [];
  expect(html).toContain(`<title id="${title}">`);
  expect(html).toContain(`<desc id="${desc}">`);
});

test('nothing is lit while no machine answers', () => {
  expect(litParts(draw({ status: 'down' }))).toEqual([]);
  expect(draw({ status: 'down' })).toContain('Now: no machine is up.');
});

test('before anything is known nothing is claimed', () => {
  expect(draw({ status: 'connecting' })).toContain('Now: asking the cluster…');
});

test('a machine without a running unit lights neither container nor server', () => {
  for (const cluster of [up, starting]) {
    const lit = litParts(draw(cluster));
    expect(lit).toContain('machine');
    expect(lit).not.toContain('container');
    expect(lit).not.toContain('server');
  }
});

test('a running unit lights everything', () => {
  expect(litParts(draw(running))).toEqual([...diagramParts]);
});

test('the part that the chapter is about is marked in the picture and in the list', () => {
  const html = draw(up, 'etcd');
  expect(html).toMatch(/<g[^>]*data-part="etcd"[^>]*data-focus="true"/);
  expect(html.match(/<li data-focus="true">/g)).toHaveLength(1);
});
