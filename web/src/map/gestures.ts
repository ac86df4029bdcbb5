/** Pointers, wheel and keys, turned into what was meant. Knows no map: it reports moves, zooms, taps and keys. */

export interface Gestures {
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  tap(x: number, y: number, touch: boolean): void;
  hover(x: number, y: number): void;
  leave(): void;
  doubleTap(x: number, y: number): void;
  /** The picture rests again, with the speed it had (pixels a millisecond). */
  rest(vx: number, vy: number): void;
  key(event: KeyboardEvent): void;
  /** A wheel turn was left to the page; say how to zoom. */
  hint(): void;
}

const SLOP_PX = 8;
const DOUBLE_MS = 300;
const HOLD_MS = 600;

/** Listen on *element*; returns how to stop. */
export function listen(element: HTMLElement, on: Gestures): () => void {
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const pointers = new Map<number, { x: number; y: number }>();
  let [moved, startX, startY, startedAt, lastTapAt, vx, vy, movedAt] = [false, 0, 0, 0, 0, 0, 0, 0];
  let multi = false;

  const local = (event: MouseEvent) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      const point = local(event);
      pointers.set(event.pointerId, point);
      element.setPointerCapture(event.pointerId);
      if (pointers.size === 1) [moved, multi, startX, startY, startedAt, vx, vy] = [false, false, point.x, point.y, event.timeStamp, 0, 0];
      else multi = moved = true;
    },
    options,
  );

  element.addEventListener(
    "pointermove",
    (event) => {
      const before = pointers.get(event.pointerId);
      const point = local(event);
      if (!before) {
        if (event.pointerType !== "touch") on.hover(point.x, point.y);
        return;
      }
      if (pointers.size === 1) {
        if (!moved && Math.hypot(point.x - startX, point.y - startY) < SLOP_PX) return;
        const [dx, dy] = [point.x - before.x, point.y - before.y];
        const dt = Math.max(1, event.timeStamp - movedAt);
        [vx, vy, movedAt] = [0.7 * vx + (0.3 * dx) / dt, 0.7 * vy + (0.3 * dy) / dt, event.timeStamp];
        moved = true;
        on.pan(dx, dy);
      } else {
        const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
        if (other) {
          const [was, is] = [Math.hypot(before.x - other.x, before.y - other.y), Math.hypot(point.x - other.x, point.y - other.y)];
          on.pan((point.x - before.x) / 2, (point.y - before.y) / 2);
          if (was > 8) on.zoom(is / was, (point.x + other.x) / 2, (point.y + other.y) / 2);
        }
      }
      pointers.set(event.pointerId, point);
    },
    options,
  );

  const end = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size > 0) return;
    if (moved) {
      const still = multi || event.timeStamp - movedAt > 60;
      on.rest(still ? 0 : vx, still ? 0 : vy);
      return;
    }
    if (event.type === "pointercancel" || event.timeStamp - startedAt > HOLD_MS) return;
    const { x, y } = local(event);
    const touch = event.pointerType === "touch";
    if (touch && event.timeStamp - lastTapAt < DOUBLE_MS) {
      lastTapAt = 0;
      on.doubleTap(x, y);
    } else {
      lastTapAt = event.timeStamp;
      on.tap(x, y, touch);
    }
  };
  element.addEventListener("pointerup", end, options);
  element.addEventListener("pointercancel", end, options);
  element.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && on.leave(), options);
  element.addEventListener("dblclick", (event) => event.preventDefault(), options);

  element.addEventListener(
    "wheel",
    (event) => {
      // Where the page itself can scroll, a plain wheel belongs to the page; a trackpad pinch arrives as ctrl + wheel.
      const pageScrolls = document.documentElement.scrollHeight > innerHeight + 4;
      if (pageScrolls && !event.ctrlKey && !event.metaKey) {
        on.hint();
        return;
      }
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1);
      const { x, y } = local(event);
      on.zoom(Math.exp(-Math.max(-240, Math.min(240, pixels)) * (event.ctrlKey ? 0.01 : 0.0022)), x, y);
    },
    { ...options, passive: false },
  );
  element.addEventListener("keydown", (event) => on.key(event), options);
  return () => stop.abort();
}
