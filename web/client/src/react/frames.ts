// Many changes, one drawing: listeners are told once a frame, however often something changed since the last one.

export interface Frames {
  request(draw: () => void): void;
}

const HIDDEN_MS = 250;

/** The browser's frames. A tab that isn't shown has none, so it is told by a timer. */
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

/** A `subscribe` that gathers what the one it wraps tells. */
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
