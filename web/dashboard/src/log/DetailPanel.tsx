import { createContext, useContext, useEffect, useState } from 'react';
import type { JsonObject, StatusDetail, StatusUpdate } from '../types.ts';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';

export interface Details {
  /** Whether the reader is an operator or admin, who see more. */
  readonly isOperator: boolean;
  /** Throws StatusbeamError. */
  read(jobId: string, sequence: number): Promise<StatusDetail>;
}

const DetailsContext = createContext<Details | null>(null);

export const DetailsProvider = DetailsContext.Provider;

type Found = { name: 'reading' } | { name: 'failed'; problem: string } | { name: 'read'; detail: StatusDetail };

/** Reads the details of statuses; null if the page cannot read them. */
export const useDetails = (): Details | null => useContext(DetailsContext);

/** The details of a status that its log entry lacks: large metadata, and details for operators. Read when they are shown. */
export function DetailPanel({ update }: { update: StatusUpdate }) {
  const details = useDetails();
  const isSpilled = update.metadata?.spilled != null;
  return details && (isSpilled || details.isOperator) ? (
    <Read details={details} jobId={update.jobId} sequence={update.sequence} isSpilled={isSpilled} />
  ) : null;
}

interface ReadProps {
  details: Details;
  jobId: string;
  sequence: number;
  isSpilled: boolean;
}

function Read({ details, jobId, sequence, isSpilled }: ReadProps) {
  const [found, setFound] = useState<Found>({ name: 'reading' });
  useEffect(() => {
    let isShown = true;
    const found = (next: Found) => isShown && setFound(next);
    details.read(jobId, sequence).then(
      (detail) => found({ name: 'read', detail }),
      (error: Error) => found({ name: 'failed', problem: error.message })
    );
    return () => {
      isShown = false;
    };
  }, [details, jobId, sequence]);
  if (found.name === 'reading') {
    return isSpilled ? <p className="detail-label">Reading all of its metadata.</p> : null;
  }
  if (found.name === 'failed') {
    return <p className="detail-label">The details of this status cannot be read. {found.problem}</p>;
  }
  const { detail, operatorDetail } = found.detail;
  return (
    <>
      {isSpilled && <Json name="All of its metadata" value={detail} none="The rest of its metadata is no longer kept." />}
      {operatorDetail && <Json name="For operators" value={operatorDetail} none="" />}
    </>
  );
}

function Json({ name, value, none }: { name: string; value: JsonObject | null; none: string }) {
  return value === null ? (
    <p className="detail-label">{none}</p>
  ) : (
    <>
      <p className="detail-label">{name}</p>
      <ScrollRegion className="detail" label={`${name}, scrollable`}>
        <pre>{JSON.stringify(value, null, 2)}</pre>
      </ScrollRegion>
    </>
  );
}
