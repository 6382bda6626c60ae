import type { StatusUpdate } from '../types.ts';
import { factsOf, questionsOf, workOrderIn } from './workOrder.ts';

/** What came out of the example's job. */
export function WorkOrder({ updates }: { updates: readonly StatusUpdate[] }) {
  const order = workOrderIn(updates);
  if (!order) {
    return null;
  }
  const questions = questionsOf(order);
  return (
    <div className="work-order panel">
      <dl id="facts">
        {factsOf(order).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {questions.length > 0 && (
        <ul className="questions" id="questions">
          {questions.map((question) => (
            <li key={question}>{question}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
