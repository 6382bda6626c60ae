// The Amplify simulator (amplify mock) with our types: prints {"port": …} once it listens on 127.0.0.1.
// node amplify_simulator.cjs <schema file>
const { readFileSync } = require('node:fs');
const { AmplifyAppSyncSimulator } = require('@aws-amplify/amplify-appsync-simulator');

// One key may do everything here: the simulator is measured without per-field authorization, to its advantage.
const schema = readFileSync(process.argv[2], 'utf8').replace(/@aws_(iam|cognito_user_pools|lambda|api_key)\b/g, '');

const simulator = new AmplifyAppSyncSimulator({ port: 0 });
simulator.init({
  schema: { content: schema },
  dataSources: [{ name: 'none', type: 'NONE' }],
  resolvers: [
    {
      kind: 'UNIT',
      typeName: 'Mutation',
      fieldName: 'publishStatus',
      dataSourceName: 'none',
      requestMappingTemplate: '{"version": "2018-05-29", "payload": $util.toJson($ctx.args.input)}',
      responseMappingTemplate: '$util.toJson($ctx.result)',
    },
  ],
  appSync: {
    name: 'status',
    apiKey: 'da2-benchmark',
    defaultAuthenticationType: { authenticationType: 'API_KEY' },
    additionalAuthenticationProviders: [],
  },
});

// It would listen on every interface and look for a port by trying: take any free one, on loopback only.
const server = simulator._server._httpServer;
const listen = server.listen.bind(server);
server.listen = () => listen(0, '127.0.0.1');

simulator.start().then(() => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
