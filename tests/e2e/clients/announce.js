/** Some clients tell nobody when the server acknowledged: listen at Node's own socket, which they use unchanged. */
export function announceStartAck(emit) {
  globalThis.WebSocket = class extends globalThis.WebSocket {
    constructor(...parameters) {
      super(...parameters);
      this.addEventListener('message', ({ data }) => {
        if (JSON.parse(data).type === 'start_ack') emit({ event: 'subscribed' });
      });
    }
  };
}
