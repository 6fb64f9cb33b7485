'use client';

import type { KeyboardEvent, PointerEvent } from 'react';
import { useStored, writeStored } from '#lib/client/stored.ts';
import { type Limits, sizeAfterKey, sizeAt } from './split-size.ts';

interface Props {
  /** The custom property and the stored name: `dock-width`. */
  name: 'dock-width' | 'preview-height' | 'sheet-height';
  label: string;
  /** Which way the bar moves. */
  axis: 'x' | 'y';
  unit: 'vw' | '%' | 'dvh';
  initial: number;
  limits: Limits;
  /** The id of the pane that it sizes. */
  controls: string;
  /** What the percentage is of: the window, or the splitter's parent element. */
  within: 'window' | 'parent';
}

/** A bar between two panes: drag it, or move it with the arrow keys, Home and End. */
export function Splitter({ name, label, axis, unit, initial, limits, controls, within }: Props) {
  const [stored] = useStored(name, String(initial));
  const size = Number(stored) || initial;

  function apply(next: number) {
    document.documentElement.style.setProperty(`--${name}`, `${next}${unit}`);
  }

  function drag(event: PointerEvent<HTMLDivElement>) {
    if (event.button !== 0) return;
    const bar = event.currentTarget;
    const box = within === 'parent' ? bar.parentElement?.getBoundingClientRect() : undefined;
    const container =
      axis === 'x'
        ? { start: box?.left ?? 0, length: box?.width ?? window.innerWidth }
        : { start: box?.top ?? 0, length: box?.height ?? window.innerHeight };
    let next = size;
    // A frame would swallow the pointer's events as soon as it is beneath it; the style sheet switches frames off meanwhile.
    document.documentElement.dataset.dragging = axis;
    bar.setPointerCapture(event.pointerId);
    bar.onpointermove = (move) => {
      next = sizeAt(axis === 'x' ? move.clientX : move.clientY, container, limits);
      apply(next);
    };
    bar.onlostpointercapture = () => {
      bar.onpointermove = null;
      bar.onlostpointercapture = null;
      delete document.documentElement.dataset.dragging;
      writeStored(name, String(next));
    };
    event.preventDefault();
    bar.focus({ preventScroll: true });
  }

  function press(event: KeyboardEvent) {
    const next = sizeAfterKey(event.key, event.shiftKey, size, limits);
    if (next === null) return;
    event.preventDefault();
    apply(next);
    writeStored(name, String(next));
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved is no <hr>
    <div
      role="separator"
      className="splitter"
      data-axis={axis}
      data-splits={name}
      aria-orientation={axis === 'x' ? 'vertical' : 'horizontal'}
      aria-label={label}
      aria-controls={controls}
      aria-valuenow={Math.round(size)}
      aria-valuemin={limits.min}
      aria-valuemax={limits.max}
      tabIndex={0}
      onPointerDown={drag}
      onKeyDown={press}
    />
  );
}
