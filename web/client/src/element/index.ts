// <job-status>: the state of one job, anywhere. Defined on import.

import { connect } from '../client/client.ts';

export { connect };
