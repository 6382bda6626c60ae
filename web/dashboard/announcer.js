// Reads news out to screen readers, but not more often than people can listen: the newest wins.

const EVERY_MS = 800;

export class Announcer {
  #element;
  #newest = '';
  #timer = null;

  constructor(element) {
    this.#element = element;
  }

  say(text) {
    this.#newest = text;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#element.textContent = this.#newest;
    }, EVERY_MS);
  }
}
