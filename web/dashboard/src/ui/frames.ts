// Many changes, one drawing: listeners are told once a frame, however often something changed since the last one.

export interface Frames {
  request: (draw: () => void) => void;
}

/** The browser's frames. A tab that isn't shown has none, so it is told by a timer. */
export const browserFrames: Frames = {
  request: (draw) => {
    if (document.visibilityState === 'visible') {
      requestAnimationFrame(() => draw());
    } else {
      setTimeout(draw, 250);
    }
  },
};

/** A `subscribe` that gathers what the one it wraps tells. */
export function oncePerFrame(
  subscribe: (listener: () => void) => () => void,
  frames: Frames = browserFrames
): (listener: () => void) => () => void {
  return (listener) => {
    let isAsked = false;
    let isOver = false;
    const end = subscribe(() => {
      if (!isAsked) {
        isAsked = true;
        frames.request(() => {
          isAsked = false;
          if (!isOver) {
            listener();
          }
        });
      }
    });
    return () => {
      isOver = true;
      end();
    };
  };
}
