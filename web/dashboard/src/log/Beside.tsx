import { createContext, useContext, useEffect, useState } from 'react';
import type { JsonObject, StatusDetail, StatusUpdate } from '../types.ts';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';

export interface Details {
  /** Operators and admins are told more. */
  readonly isOperator: boolean;
  /** Throws StatusbeamError. */
  read(jobId: string, sequence: number): Promise<StatusDetail>;
}

const DetailsContext = createContext<Details | null>(null);

export const DetailsProvider = DetailsContext.Provider;

type Found = { name: 'reading' } | { name: 'failed'; problem: string } | { name: 'read'; detail: StatusDetail };

/** What a status carries beside its log entry: metadata too big for the log, and a word to operators. Asked for when it is shown. */
export function Beside({ update }: { update: StatusUpdate }) {
  const details = useContext(DetailsContext);
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
    return isSpilled ? <p className="beside-word">Reading all of its metadata.</p> : null;
  }
  if (found.name === 'failed') {
    return <p className="beside-word">What else belongs to it cannot be read. {found.problem}</p>;
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
    <p className="beside-word">{none}</p>
  ) : (
    <>
      <p className="beside-word">{name}</p>
      <ScrollRegion className="beside" label={`${name}, scrollable`}>
        <pre>{JSON.stringify(value, null, 2)}</pre>
      </ScrollRegion>
    </>
  );
}
