import { lazy, Suspense, useEffect, useState } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { type Details, useDetails } from '../log/DetailPanel.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';
import { labelOf, shapeOf, spilledBytes } from './value.ts';

/** Few results need Markdown, so it is loaded with the first one. */
const Markdown = lazy(() => import('./Markdown.tsx'));

interface Props {
  jobId: string;
  result: unknown;
  /** The status with the result; null if the log lacks it. */
  endSequence: number | null;
}

/** The job's result: any JSON. */
export function ResultPanel({ jobId, result, endSequence }: Props) {
  const details = useDetails();
  const bytes = spilledBytes(result);
  const whole = useSpilled(bytes === null ? null : details, jobId, endSequence);
  const shown = bytes === null ? result : whole;
  return (
    <section className="panel result" aria-labelledby="result-title">
      <div className="result-head">
        <h2 id="result-title">Result</h2>
        {shown !== undefined && <CopyButton text={textOf(shown)} label="Copy the result" />}
      </div>
      {shown === undefined ? (
        <p className="muted small">The result has {bytes} bytes: too many for the log. Its details cannot be read.</p>
      ) : (
        <ScrollRegion className="result-value" label="Result, scrollable">
          <Value value={shown} depth={0} />
        </ScrollRegion>
      )}
    </section>
  );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

/** A result that was too big for the log, from the details of its status; undefined until they are read. */
function useSpilled(details: Details | null, jobId: string, sequence: number | null): unknown {
  const [found, setFound] = useState<unknown>();
  useEffect(() => {
    let isShown = true;
    if (details !== null && sequence !== null) {
      details.read(jobId, sequence).then(
        ({ detail }) => isShown && setFound(detail?.result),
        () => undefined // the panel shows the failed read
      );
    }
    return () => {
      isShown = false;
    };
  }, [details, jobId, sequence]);
  return found;
}

/** Deeper parts are shown as JSON. */
const DEEPEST = 3;

function Written({ text }: { text: string }) {
  return (
    <span className="as-written" dir="auto">
      {text}
    </span>
  );
}

function Value({ value, depth }: { value: unknown; depth: number }) {
  const shape = shapeOf(value);
  if (shape.kind === 'markdown') {
    const asWritten = <Written text={shape.text} />;
    return (
      <ErrorBoundary fallback={asWritten}>
        <Suspense fallback={asWritten}>
          <Markdown text={shape.text} />
        </Suspense>
      </ErrorBoundary>
    );
  }
  if (shape.kind === 'text') {
    return shape.link === null ? (
      <Written text={shape.text} />
    ) : (
      <a href={shape.link} target="_blank" rel="noopener noreferrer">
        {shape.text}
      </a>
    );
  }
  if (depth >= DEEPEST) {
    return <pre>{JSON.stringify(value, null, 2)}</pre>;
  }
  if (shape.kind === 'list') {
    return (
      <ul className="result-list">
        {shape.items.map((item, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a result does not change
          <li key={index}>
            <Value value={item} depth={depth + 1} />
          </li>
        ))}
      </ul>
    );
  }
  if (shape.kind === 'facts') {
    return (
      <dl className="result-facts">
        {shape.facts.map(([name, fact]) => (
          <div key={name}>
            <dt>{labelOf(name)}</dt>
            <dd>
              <Value value={fact} depth={depth + 1} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  return (
    <table className="result-table">
      <thead>
        <tr>
          {shape.columns.map((column) => (
            <th key={column} scope="col">
              {labelOf(column)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {shape.rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a result does not change
          <tr key={index}>
            {shape.columns.map((column) => (
              <td key={column}>
                <Value value={row[column] ?? null} depth={depth + 1} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
