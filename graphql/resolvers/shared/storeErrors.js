import { util } from '@aws-appsync/utils';

// DynamoDB's message goes to the log, not to the reader: it may name ARNs.
export function raiseStoreError(ctx) {
  console.error(`type=${ctx.error.type} | the status store did not answer: ${ctx.error.message}`);
  util.error('The status store did not answer. Try again.', 'StoreUnavailable');
}

export function raiseStoreBusy() {
  util.error('The status store is busy. Try again.', 'StoreUnavailable');
}
