// A DOM for tests, before anything that looks for one is imported.

import { Window } from 'happy-dom';

const window = new Window({ url: 'https://app.example.com/' });
const names = [
  ...['window', 'document', 'customElements', 'CSSStyleSheet', 'CustomEvent', 'Event', 'Node', 'Text', 'Comment'],
  ...['Element', 'HTMLElement', 'HTMLMediaElement', 'SVGElement', 'MathMLElement', 'requestAnimationFrame'],
];
for (const name of names) {
  const value = name === 'window' ? window : (window as unknown as Record<string, unknown>)[name];
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
(globalThis as unknown as Record<string, unknown>).IS_REACT_ACT_ENVIRONMENT = true;

export { window };
