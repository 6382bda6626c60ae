import type { ReactNode } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { Icon } from './Icon.tsx';

interface Props {
  /** The name of its content, for the notice: "The log". */
  name: string;
  /** A change of any of these renders the content again. */
  resetKeys?: readonly unknown[];
  children: ReactNode;
}

/** A boundary around a panel: an error inside leaves the rest of the page unchanged. */
export function PanelBoundary({ name, resetKeys = [], children }: Props) {
  return (
    <ErrorBoundary
      resetKeys={[...resetKeys]}
      fallbackRender={({ resetErrorBoundary }) => (
        <section className="panel broken" aria-label={name}>
          <p className="notice" role="alert" data-state="failed">
            <Icon name="alert" />
            <span>
              <strong>{name} cannot be shown.</strong> The rest of the page is not affected.
            </span>
            <button type="button" className="button" onClick={resetErrorBoundary}>
              Try again
            </button>
          </p>
        </section>
      )}
    >
      {children}
    </ErrorBoundary>
  );
}

/** A boundary around one row: the other rows stay. */
export function RowBoundary({ name, children }: { name: string; children: ReactNode }) {
  return <ErrorBoundary fallback={<p className="muted small broken-row">{name} cannot be shown.</p>}>{children}</ErrorBoundary>;
}

/** A boundary around the whole page. */
export function PageBoundary({ children }: { children: ReactNode }) {
  return (
    <ErrorBoundary
      fallback={
        <main className="signed-out">
          <p className="notice" role="alert" id="broken" data-state="failed">
            <Icon name="alert" />
            <span>
              <strong>The page has failed.</strong> Your jobs are not affected.
            </span>
            <button type="button" className="button" onClick={() => location.reload()}>
              Load it again
            </button>
          </p>
        </main>
      }
    >
      {children}
    </ErrorBoundary>
  );
}
