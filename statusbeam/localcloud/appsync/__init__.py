"""AppSync's data plane: GraphQL over HTTP and real-time subscriptions, as real clients speak them."""
