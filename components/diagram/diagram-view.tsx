// The architecture as a plate: drawn by hand, coloured by the style sheet, lit by the cluster's state.
import { type ReactNode, useId } from 'react';
import type { DiagramPart } from '#lib/shared/chapter.ts';
import type { ClusterState } from '#lib/shared/cluster.ts';
import { describeLife, isAlive, type Life, partTexts, readLife } from './parts.ts';

interface Props {
  focus: DiagramPart | null;
  cluster: ClusterState;
}

export function DiagramView({ focus, cluster }: Props) {
  const life = readLife(cluster);
  const id = useId();
  return (
    <figure className="diagram" data-focus={focus ?? 'all'}>
      <div className="diagram-plate">
        <svg viewBox="0 0 632 504" role="img" aria-labelledby={`${id}title ${id}desc`}>
          <title id={`${id}title`}>How the parts of the tutorial stand to each other</title>
          <desc id={`${id}desc`}>{`${partTexts.map(({ name, text }) => `${name}: ${text}`).join(' ')} ${describeLife(life)}`}</desc>
          <Arrowheads id={id} />
          <Part part="vagrant" focus={focus} life={life}>
            <path
              d="M212 436 H296 C 330 462 486 462 520 436 H604 A8 8 0 0 1 612 444 V486 A8 8 0 0 1 604 494 H212 A8 8 0 0 1 204 486 V444 A8 8 0 0 1 212 436 Z"
              className="shape"
            />
            <text x="408" y="482" className="name" textAnchor="middle">
              Vagrant
            </text>
          </Part>
          <Part part="machine" focus={focus} life={life}>
            <circle cx="408" cy="238" r="208" className="shape" />
            <circle cx="408" cy="238" r="201" className="inner-line" />
            <text x="408" y="76" className="name large" textAnchor="middle">
              CoreOS machine
            </text>
            <text x="408" y="98" className="fine" textAnchor="middle">
              core-01 · 172.17.8.101
            </text>
          </Part>
          <Discovery />
          <Part part="etcd" focus={focus} life={life}>
            <rect x="436" y="118" width="104" height="52" rx="8" className="shape" />
            <Cylinder x={452} y={133} />
            <text x="484" y="150" className="name">
              etcd
            </text>
          </Part>
          <Part part="systemd" focus={focus} life={life}>
            <rect x="278" y="118" width="132" height="52" rx="8" className="shape" />
            <text x="344" y="140" className="name" textAnchor="middle">
              systemd
            </text>
            <text x="344" y="159" className="fine" textAnchor="middle">
              and fleet
            </text>
          </Part>
          <g className="wire" data-on={life.running}>
            <path d="M344 171 V204" markerEnd={`url(#${id}head)`} />
            <text x="354" y="193" className="fine">
              starts
            </text>
          </g>
          <Part part="container" focus={focus} life={life}>
            <rect x="278" y="207" width="262" height="176" rx="10" className="shape" />
            <path d="M278 241 H540" className="inner-line" />
            <text x="295" y="230" className="name">
              Docker container
            </text>
          </Part>
          <Part part="server" focus={focus} life={life}>
            <path d="M456 250 L512 282 V340 L456 372 L400 340 V282 Z" className="shape" strokeLinejoin="round" />
            <text x="456" y="309" className="name" textAnchor="middle">
              Node
            </text>
            <text x="456" y="329" className="fine" textAnchor="middle">
              server :80
            </text>
          </Part>
          <Tunnel id={id} focus={focus} life={life} />
          <Reflection id={id} on={life.running} />
        </svg>
      </div>
      <figcaption>
        <span className="diagram-state" data-on={life.machine}>
          <span className="dot" /> {describeLife(life)}
        </span>
        <details>
          <summary>The picture in words</summary>
          <ul>
            {partTexts.map(({ part, name, text }) => (
              <li key={part} data-focus={part === focus}>
                <strong>{name}</strong> {text} <em>{isAlive(part, life) ? stateWords.on : stateWords.off}</em>
              </li>
            ))}
          </ul>
        </details>
      </figcaption>
    </figure>
  );
}

const stateWords = { on: 'In use now.', off: 'Not in use now.' };

function Part({ part, focus, life, children }: { part: DiagramPart; focus: DiagramPart | null; life: Life; children: ReactNode }) {
  return (
    <g className="part" data-part={part} data-focus={part === focus} data-on={isAlive(part, life)}>
      {children}
    </g>
  );
}

function Arrowheads({ id }: { id: string }) {
  return (
    <defs>
      <marker id={`${id}head`} viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
        <path d="M1 1 L9 5 L1 9" fill="none" stroke="context-stroke" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
      </marker>
    </defs>
  );
}

function Cylinder({ x, y }: { x: number; y: number }) {
  return (
    <g transform={`translate(${x} ${y})`} className="inner-line">
      <ellipse cx="10" cy="4" rx="10" ry="4" />
      <path d="M0 4 V18 C0 23.5 20 23.5 20 18 V4 M0 11 C0 16.5 20 16.5 20 11" />
    </g>
  );
}

/** Where the first machine's etcd asks for the others, once. */
function Discovery() {
  return (
    <g className="side">
      <rect x="522" y="10" width="104" height="54" rx="8" className="shape" />
      <text x="574" y="33" className="name small" textAnchor="middle">
        discovery
      </text>
      <text x="574" y="51" className="fine" textAnchor="middle">
        asked once
      </text>
      <path d="M520 117 C 534 98 548 86 562 68" className="dashed" />
    </g>
  );
}

function Tunnel({ id, focus, life }: { id: string; focus: DiagramPart | null; life: Life }) {
  return (
    <>
      <g className="wire" data-on={life.machine}>
        <path d="M150 134 H268 M150 154 H268" className="tube" />
        <path d="M150 144 H273" markerEnd={`url(#${id}head)`} />
        <text x="156" y="125" className="fine">
          SSH
        </text>
        <text x="156" y="173" className="fine">
          :2222
        </text>
      </g>
      <Part part="fleetctl" focus={focus} life={life}>
        <rect x="6" y="108" width="144" height="72" rx="8" className="shape" />
        <path d="M6 131 H150 M18 119.5 h.1 M28 119.5 h.1 M38 119.5 h.1" className="inner-line dots" />
        <text x="18" y="161" className="name mono">
          $ fleetctl
        </text>
      </Part>
      <text x="6" y="98" className="fine">
        your shell
      </text>
    </>
  );
}

function Reflection({ id, on }: { id: string; on: boolean }) {
  return (
    <>
      <g className="wire" data-on={on}>
        <path d="M150 304 H395" markerEnd={`url(#${id}head)`} />
        <path d="M398 328 H156" markerEnd={`url(#${id}head)`} className="returning" />
        <text x="156" y="295" className="fine">
          GET /
        </text>
        <text x="300" y="347" className="fine">
          reflected
        </text>
      </g>
      <g className="side">
        <rect x="6" y="274" width="144" height="84" rx="8" className="shape" />
        <path d="M6 298 H150" className="inner-line" />
        <rect x="16" y="280.5" width="124" height="11" rx="5.5" className="inner-line" />
        <path d="M20 314 h76 M20 328 h104 M20 342 h56" className="inner-line" />
      </g>
      <text x="6" y="264" className="fine">
        your browser
      </text>
    </>
  );
}
