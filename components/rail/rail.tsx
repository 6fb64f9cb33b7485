'use client';

import Link from 'next/link';
import { useParams } from 'next/navigation';
import { useEffect, useRef } from 'react';
import { useProgress, useRuns } from '#lib/client/session.ts';
import type { ChapterSummary } from '#lib/shared/chapter.ts';
import { BrandMark, CrossIcon, MenuIcon } from '../icons.tsx';
import { ThemeSwitch } from '../theme-switch.tsx';
import { StepMarks } from './step-marks.tsx';

interface Props {
  chapters: ChapterSummary[];
  /** On narrow screens the contents are a drawer. */
  open: boolean;
  onOpen(): void;
  onClose(): void;
}

export function Rail({ chapters, open, onOpen, onClose }: Props) {
  const { chapter: current } = useParams<{ chapter: string }>();
  const title = chapters.find(({ slug }) => slug === current)?.title;
  const opener = useRef<HTMLButtonElement>(null);
  const drawer = useRef<HTMLElement>(null);

  useEffect(() => {
    if (!open) return;
    drawer.current?.querySelector<HTMLElement>('a, button')?.focus();
    const leave = (event: KeyboardEvent) => event.key === 'Escape' && onClose();
    window.addEventListener('keydown', leave);
    const opened = opener.current;
    return () => {
      window.removeEventListener('keydown', leave);
      opened?.focus({ preventScroll: true });
    };
  }, [open, onClose]);

  return (
    <>
      <header className="top-bar">
        <button ref={opener} type="button" className="button button-quiet" aria-expanded={open} aria-controls="app-rail" onClick={onOpen}>
          <MenuIcon /> <span>Contents</span>
        </button>
        <span className="top-bar-title">{title}</span>
      </header>
      {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: a second way out for the pointer; the keyboard has Escape and the button */}
      {open && <div className="rail-veil" onClick={onClose} />}
      <nav ref={drawer} id="app-rail" className="rail" data-open={open} aria-label="Contents">
        <div className="rail-head">
          <Link href="/" className="rail-brand" onClick={onClose}>
            <BrandMark /> CoreOS-Reflector
          </Link>
          <button type="button" className="button button-quiet rail-close" aria-label="Close the contents" onClick={onClose}>
            <CrossIcon />
          </button>
        </div>
        <ol className="rail-chapters">
          {chapters.map((chapter) => (
            <ChapterItem key={chapter.slug} chapter={chapter} current={chapter.slug === current} onFollow={onClose} />
          ))}
        </ol>
        <footer className="rail-foot">
          <ThemeSwitch />
          <span title="F6 goes from the text to the terminal and back">
            <kbd>F6</kbd> to terminal
          </span>
        </footer>
      </nav>
    </>
  );
}

function ChapterItem({ chapter, current, onFollow }: { chapter: ChapterSummary; current: boolean; onFollow(): void }) {
  const progress = useProgress();
  const runs = useRuns();
  return (
    <li data-current={current}>
      <Link href={`/${chapter.slug}`} aria-current={current ? 'page' : undefined} onClick={onFollow} className="rail-chapter">
        <span className="rail-number">{chapter.number}</span>
        <span className="rail-title">{chapter.title}</span>
        <span className="rail-minutes">
          {chapter.minutes}
          <abbr title="minutes of reading">′</abbr>
        </span>
      </Link>
      {chapter.steps.length > 0 && <StepMarks steps={chapter.steps} progress={progress} runs={runs} />}
      {current && chapter.headings.length > 0 && (
        <ul className="rail-headings">
          {chapter.headings.map(({ id, title, level }) => (
            <li key={id} data-level={level}>
              <a href={`#${id}`} onClick={onFollow}>
                {title}
              </a>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
