import { util } from '@aws-appsync/utils';

// DynamoDB's message may contain ARNs, so it goes to the API's log group, not to the reader.
export function raiseStoreError(ctx) {
  console.error(`type=${ctx.error.type} | the status store did not answer: ${ctx.error.message}`);
  util.error('The status store did not answer. Try again.', 'StoreUnavailable');
}

export function raiseStoreBusy() {
  util.error('The status store is busy. Try again.', 'StoreUnavailable');
}
