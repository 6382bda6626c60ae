// Combines changes: listeners are called at most once per animation frame.

export interface Frames {
  request(draw: () => void): void;
}

const HIDDEN_MS = 250;

/** The browser's animation frames. A hidden tab has none; a timer replaces them. */
export const browserFrames: Frames = {
  request: (draw) => {
    if (document.visibilityState === 'visible') {
      requestAnimationFrame(draw);
    } else {
      setTimeout(draw, HIDDEN_MS);
    }
  },
};

type Subscribe = (listener: () => void) => () => void;

/** A `subscribe` that calls its listener once per frame, however often the wrapped one does. */
export function oncePerFrame(subscribe: Subscribe, frames: Frames = browserFrames): Subscribe {
  return (listener) => {
    let isAsked = false;
    let isOver = false;
    const draw = () => {
      isAsked = false;
      if (!isOver) {
        listener();
      }
    };
    const end = subscribe(() => {
      if (!isAsked) {
        isAsked = true;
        frames.request(draw);
      }
    });
    return () => {
      isOver = true;
      end();
    };
  };
}
