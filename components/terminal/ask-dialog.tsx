import { type ReactNode, useLayoutEffect, useRef } from 'react';

interface Props {
  title: string;
  confirm: string;
  children: ReactNode;
  onAnswer(yes: boolean): void;
}

/** A question that must be answered first; Escape means no. */
export function AskDialog({ title, confirm, children, onAnswer }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  // Closed before it leaves the page, the browser gives the focus back to where it was.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="ask"
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onAnswer(false);
      }}
    >
      <h2>{title}</h2>
      {children}
      <footer>
        <button type="button" className="button button-plain" onClick={() => onAnswer(false)}>
          Cancel
        </button>
        <button type="button" className="button button-run" onClick={() => onAnswer(true)}>
          {confirm}
        </button>
      </footer>
    </dialog>
  );
}
