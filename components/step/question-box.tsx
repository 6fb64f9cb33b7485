interface Props {
  question: { text: string; answer: string };
  terminal: string;
  connected: boolean;
  onAnswer(): void;
  onShow(): void;
}

/** The program waits for an answer: the page offers the step's own, the learner may type any. */
export function QuestionBox({ question, terminal, connected, onAnswer, onShow }: Props) {
  return (
    <fieldset className="step-question appear" aria-label="The command asks a question">
      <p>
        The command asks: <q className="font-mono">{question.text}</q>
      </p>
      <div className="flex flex-wrap items-center gap-2">
        <button type="button" className="button button-run" onClick={onAnswer} disabled={!connected}>
          Answer “{question.answer}”
        </button>
        <span>
          or type an answer yourself{' '}
          <button type="button" className="linklike" onClick={onShow}>
            in {terminal}
          </button>
          .
        </span>
      </div>
    </fieldset>
  );
}
