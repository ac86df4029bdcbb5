/**
 * The seat map on a page: three canvases (floor, seats, words), one frame at a time and only when something changed.
 * State and mutations live elsewhere and know nothing of this; the buyer's page tells the map what to show and hears what was meant.
 */

import type { Air, Camera, Limits } from "./camera";
import { between, clamp, detail, fit, limits, pan, resize, toScreen, toWorld, zoomAt } from "./camera";
import { CanvasPainter } from "./canvas_renderer";
import type { Box, Chart } from "./chart";
import { REMOVED } from "./chart";
import type { Gestures } from "./gestures";
import { listen } from "./gestures";
import type { Surface } from "./gl_renderer";
import { SEAT_FILL, WebGlPainter } from "./gl_renderer";
import { Ground } from "./ground";
import type { Speech } from "./labels";
import { Labels, MARGIN } from "./labels";
import { takeDirty } from "./mutations";
import type { Palette } from "./palette";
import { readPalette } from "./palette";
import { areaAt, SeatGrid, sectionAt } from "./picking";
import type { SeatPainter } from "./renderer";
import type { MapState } from "./state";
import { seatFits, Shown } from "./state";

export type Target = { kind: "seat"; k: number } | { kind: "section"; section: number } | { kind: "area"; area: number };

export interface MapEvents {
  /** The buyer chose this: a seat to take or give back, or an area to choose a number of places in. */
  choose(target: Target): void;
  /** Pointer or keyboard is at this now; where on the screen, to put a card beside it. */
  point(target: Target | null, x: number, y: number, how: "mouse" | "touch" | "keys"): void;
  /** The view has changed: zoomed in or whole. */
  moved(zoomed: boolean): void;
  hint(): void;
}

export interface MapOptions {
  speech: Speech;
  events: MapEvents;
  /** Where to draw seats; null: on a 2D canvas. */
  surface: Surface | null;
}

/** A finger is this wide, CSS pixels. Seats smaller than TOUCH_MIN are zoomed to before they are taken. */
const FINGER_PX = 22;
const TOUCH_MIN_PX = 20;
const MOUSE_MIN_PX = 7;
const MOVE_MS = 280;
/** Words are stretched while zooming and set anew when the picture has rested this long. */
const SETTLE_MS = 140;

export class SeatMap {
  camera: Camera;
  /** JavaScript milliseconds of each frame, kept only while someone measures. */
  frameTimes: number[] | null = null;

  private painter: SeatPainter | null = null;
  private readonly ground: Ground;
  private readonly labels: Labels;
  private readonly rings: SVGSVGElement;
  private palette: Palette;
  private bounds!: Limits;
  private seatCanvas: HTMLCanvasElement;
  private pending = 0;
  private figuresStale = true;
  private labelsAt = 0;
  private settling = 0;
  private opening = true;
  private motion: ((now: number) => boolean) | null = null;
  private hovered: Target | null = null;
  private cursor: Target | null = null;
  private readonly stop = new AbortController();
  private readonly observer: ResizeObserver;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private ratio = 0;
  private seatGrid: SeatGrid | null = null;
  private air: Air = { top: 0, bottom: 0, side: 0 };

  constructor(
    readonly host: HTMLElement,
    readonly chart: Chart,
    readonly state: MapState,
    private readonly options: MapOptions,
  ) {
    // Size and colours are asked for before anything is added: afterwards each question would lay the page out anew.
    this.camera = fit(chart.bounds, host.clientWidth || 1, host.clientHeight || 1);
    this.palette = readPalette(host, chart, state.prices);
    const floor = layer(host, "map__floor");
    this.seatCanvas = layer(host, "map__seats", options.surface?.canvas);
    const words = layer(host, "map__words");
    words.style.inset = `${-MARGIN}px auto auto ${-MARGIN}px`;
    this.rings = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.rings.setAttribute("class", "map__rings");
    this.rings.setAttribute("aria-hidden", "true");
    this.rings.innerHTML = '<circle class="map__ring map__ring--hover" r="0"/><circle class="map__ring map__ring--cursor" r="0"/>';
    host.append(this.rings);
    this.ground = new Ground(floor, chart);
    this.labels = new Labels(words, chart, () => this.grid, options.speech);
    this.resize(this.camera.width, this.camera.height);
    if (detail(this.camera, chart.pitch).seats > 0) this.seats();
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(host);
    const signal = { signal: this.stop.signal };
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
      matchMedia(query).addEventListener("change", () => this.readTheme(), signal);
    }
    const stopListening = listen(host, this.gestures());
    this.stop.signal.addEventListener("abort", stopListening);
  }

  dispose(): void {
    this.stop.abort();
    this.observer.disconnect();
    cancelAnimationFrame(this.pending);
    this.painter?.dispose();
    this.host.replaceChildren();
  }

  /** Seats by place. Built when it is first asked for, or soon after the first pictures: nothing on them needs it. */
  get grid(): SeatGrid {
    return (this.seatGrid ??= new SeatGrid(this.chart));
  }

  get rendererKind(): "webgl" | "canvas" {
    return this.seats().kind;
  }

  /** Seat states changed: patch the picture. */
  seatsChanged(): void {
    this.figuresStale = true;
    this.draw();
  }

  /** Prices, filter or theme changed: the same seats in other colours. */
  coloursChanged(): void {
    this.readTheme();
  }

  // ————— the painter

  /** Who draws seats. A whole stadium opens without: it takes a graphics card's answers, and its first pictures are sections. */
  private seats(): SeatPainter {
    if (!this.painter) {
      this.painter = this.choosePainter(this.options.surface);
      this.painter.resize(this.camera.width, this.camera.height, this.ratio);
      this.painter.colours(this.palette, this.state);
      this.state.dirty = [0, this.chart.n];
      this.limit();
      this.draw();
    }
    return this.painter;
  }

  private choosePainter(surface: Surface | null): SeatPainter {
    const painter = surface && WebGlPainter.create(surface, this.chart);
    if (!painter) {
      if (surface) this.replaceSeatCanvas();
      return new CanvasPainter(this.seatCanvas, this.chart, () => this.grid);
    }
    const canvas = this.seatCanvas;
    let fallback = 0;
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      // A card that does not come back within two seconds is given up: seats on a plain canvas beat no seats.
      fallback = window.setTimeout(() => {
        this.replaceSeatCanvas();
        this.painter = new CanvasPainter(this.seatCanvas, this.chart, () => this.grid);
        this.restart();
      }, 2000);
    });
    canvas.addEventListener("webglcontextrestored", () => {
      clearTimeout(fallback);
      painter.prepare();
      this.restart();
    });
    return painter;
  }

  private replaceSeatCanvas(): void {
    const fresh = this.seatCanvas.cloneNode() as HTMLCanvasElement;
    this.seatCanvas.replaceWith(fresh);
    this.seatCanvas = fresh;
  }

  private restart(): void {
    this.painter?.resize(this.camera.width, this.camera.height, this.ratio);
    this.state.dirty = [0, this.chart.n];
    this.state.changed = [];
    this.readTheme();
  }

  private readTheme(): void {
    this.palette = readPalette(this.host, this.chart, this.state.prices);
    this.painter?.colours(this.palette, this.state);
    this.figuresStale = true;
    this.labels.stale();
    this.draw();
  }

  /** The observer speaks up once at the start too; setting a canvas' size again would wipe the first picture off. */
  private measure(): void {
    if (!this.host.clientWidth) return; // out of sight behind the list: keep the size and the view it will come back to
    const [width, height] = [Math.max(1, this.host.clientWidth), Math.max(1, this.host.clientHeight)];
    const same = width === this.camera.width && height === this.camera.height && this.ratio === Math.min(2, devicePixelRatio || 1);
    if (!same) this.resize(width, height);
  }

  private resize(width: number, height: number): void {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.ground.resize(width, height, this.ratio);
    this.painter?.resize(width, height, this.ratio);
    this.labels.resize(width, height, this.ratio);
    const wasWhole = this.bounds === undefined || !this.zoomed();
    this.air = width < 700 ? { top: 68, bottom: 60, side: 12 } : { top: 64, bottom: 28, side: 28 };
    this.camera = wasWhole && !this.motion ? fit(this.chart.bounds, width, height, this.air) : resize(this.camera, width, height);
    this.limit();
    this.draw();
  }

  /** Where the camera may go: it depends on the window, and on how large the painter can draw a seat. */
  private limit(): void {
    const { width, height } = this.camera;
    this.bounds = limits(this.chart.bounds, this.chart.pitch, width, height, this.painter?.pointMax ?? Infinity, this.air);
    this.camera = clamp(this.camera, this.bounds);
  }

  // ————— frames

  draw(): void {
    if (!this.pending) this.pending = requestAnimationFrame((now) => this.frame(now));
  }

  private frame(now: number): void {
    const started = this.frameTimes ? performance.now() : 0;
    this.pending = 0;
    if (this.motion && !this.motion(now)) this.motion = null;
    const { camera, state } = this;
    const level = detail(camera, this.chart.pitch);

    const painter = level.seats > 0 ? this.seats() : this.painter;
    const { range, changed } = takeDirty(state);
    const seatsNew = range[1] > range[0];
    if (seatsNew) painter?.update(state, range, changed, now, changed.length > 0 && level.seats > 0 && !this.calm.matches);
    // Counts and prices tick at most four times a second; the picture of a seat never waits for them.
    if (this.figuresStale && now - this.labelsAt > 250) {
      this.labelsAt = now;
      this.figuresStale = false;
      this.ground.colours(this.palette, state);
      this.labels.stale();
    }
    this.ground.paint(camera, level);
    const fading = painter?.paint(camera, level, now) ?? false;
    const covered = this.labels.shift(camera);
    clearTimeout(this.settling);
    if (covered && this.labels.scaled(camera)) {
      this.settling = window.setTimeout(() => {
        this.labels.stale();
        this.draw();
      }, SETTLE_MS);
    }
    // The very first picture does without words: measuring them cold costs more than all the rest, and one frame later they are there.
    if (this.opening) this.opened();
    else if (!covered || (seatsNew && level.numbers)) this.labels.paint(camera, level, state, this.palette);
    this.opening = false;
    this.placeRings(level.seat);
    if (this.frameTimes) this.frameTimes.push(performance.now() - started);
    if (this.motion || fading || this.figuresStale) this.draw();
  }

  /** Paint the words next, and while the buyer looks get ready for what comes: seats to draw and to pick. */
  private opened(): void {
    this.draw();
    setTimeout(() => this.seats(), SETTLE_MS);
    setTimeout(() => this.grid, SETTLE_MS);
  }

  private placeRings(seat: number): void {
    for (const [i, target] of [this.hovered, this.cursor].entries()) {
      const circle = this.rings.children[i] as SVGCircleElement;
      if (target?.kind === "seat" && seat >= MOUSE_MIN_PX) {
        const [x, y] = toScreen(this.camera, this.chart.x[target.k]!, this.chart.y[target.k]!);
        circle.setAttribute("cx", String(x));
        circle.setAttribute("cy", String(y));
        circle.setAttribute("r", String(Math.max(5, (seat * SEAT_FILL) / 2 + 3)));
      } else if (target && target.kind !== "seat" && i === 1) {
        const { box } = target.kind === "section" ? this.chart.sections[target.section]! : this.chart.areas[target.area]!;
        const [x, y] = toScreen(this.camera, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
        circle.setAttribute("cx", String(x));
        circle.setAttribute("cy", String(y));
        circle.setAttribute("r", String(Math.max(14, (Math.min(box[2] - box[0], box[3] - box[1]) * this.camera.scale) / 2)));
      } else circle.setAttribute("r", "0");
    }
  }

  // ————— the view

  private whole(): Camera {
    return clamp(fit(this.chart.bounds, this.camera.width, this.camera.height, this.air), this.bounds);
  }

  zoomed(): boolean {
    return this.camera.scale > fit(this.chart.bounds, this.camera.width, this.camera.height, this.air).scale * 1.15;
  }

  private look(camera: Camera): void {
    this.camera = clamp(camera, this.bounds);
    this.draw();
    this.options.events.moved(this.zoomed());
  }

  /** Go to another view, gliding unless motion is not wanted. */
  glide(to: Camera, ms = MOVE_MS): void {
    const [from, goal] = [this.camera, clamp(to, this.bounds)];
    if (this.calm.matches) {
      this.look(goal);
      return;
    }
    let start = 0;
    this.motion = (now) => {
      start ||= now;
      const t = Math.min(1, (now - start) / ms);
      // The window may have changed meanwhile: a sheet that opens for a new hold takes its bottom.
      this.camera = clamp(resize(between(from, goal, 1 - (1 - t) ** 3), this.camera.width, this.camera.height), this.bounds);
      if (t === 1) this.options.events.moved(this.zoomed());
      return t < 1;
    };
    this.draw();
  }

  showWhole(): void {
    this.glide(this.whole());
  }

  zoomBy(factor: number): void {
    this.glide(zoomAt(this.camera, factor, this.camera.width / 2, this.camera.height / 2, this.bounds), 160);
  }

  panBy(dx: number, dy: number): void {
    this.glide(pan(this.camera, dx, dy), 160);
  }

  showSection(section: number): void {
    const { box } = this.chart.sections[section]!;
    const to = fit(box, this.camera.width, this.camera.height, { top: this.air.top, bottom: this.air.bottom, side: 36 });
    // A large section is entered at a size where its seats can be told apart, not fitted until they are dust.
    const least = Math.min(this.bounds.most, 10 / this.chart.pitch);
    this.glide(to.scale < least ? { ...to, scale: least } : { ...to, scale: Math.min(to.scale, 30 / this.chart.pitch) });
  }

  /** Bring seats into view with some of their surroundings; does nothing when they are readable already. */
  showSeats(seats: readonly number[]): void {
    if (seats.length === 0) return;
    const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const k of seats) {
      box[0] = Math.min(box[0], this.chart.x[k]!);
      box[1] = Math.min(box[1], this.chart.y[k]!);
      box[2] = Math.max(box[2], this.chart.x[k]!);
      box[3] = Math.max(box[3], this.chart.y[k]!);
    }
    const around = this.chart.pitch * 6;
    const to = fit([box[0] - around, box[1] - around, box[2] + around, box[3] + around], this.camera.width, this.camera.height);
    this.glide({ ...to, scale: Math.min(to.scale, 24 / this.chart.pitch) });
  }

  // ————— what the hand does

  private at(x: number, y: number, reach: number, least: number): Target | null {
    const [wx, wy] = toWorld(this.camera, x, y);
    const seat = this.chart.pitch * this.camera.scale;
    if (seat >= least) {
      const k = this.grid.nearest(wx, wy, Math.max(reach, seat * 0.55) / this.camera.scale);
      if (k >= 0) return { kind: "seat", k };
    }
    const area = areaAt(this.chart, wx, wy);
    if (area >= 0) return { kind: "area", area };
    const section = sectionAt(this.chart, wx, wy);
    return section >= 0 && this.chart.sections[section]!.seats > 0 ? { kind: "section", section } : null;
  }

  private tap(x: number, y: number, touch: boolean): void {
    const { chart, camera, state } = this;
    const seat = chart.pitch * camera.scale;
    const [wx, wy] = toWorld(camera, x, y);
    if (seat >= (touch ? TOUCH_MIN_PX : MOUSE_MIN_PX)) {
      // A finger covers several seats: take the nearest that can be had, and only then the nearest at all.
      const reach = (touch ? FINGER_PX : seat * 0.55) / camera.scale;
      const wanted = (k: number) => (state.shown[k] === Shown.free && seatFits(state, k)) || state.shown[k]! >= Shown.yours;
      const k = touch ? this.grid.nearest(wx, wy, reach, wanted) : -1;
      const hit = k >= 0 ? k : this.grid.nearest(wx, wy, reach);
      if (hit >= 0) {
        this.cursor = { kind: "seat", k: hit };
        this.options.events.choose(this.cursor);
        if (touch) this.pointAt(this.cursor, "touch");
        this.draw();
        return;
      }
    }
    const target = this.at(x, y, 0, Infinity);
    if (target?.kind === "area") {
      this.options.events.choose(target);
      return;
    }
    if (target?.kind === "section" && seat < MOUSE_MIN_PX) {
      this.showSection(target.section);
      return;
    }
    const near = this.grid.nearest(wx, wy, (FINGER_PX * 2) / camera.scale);
    if (near >= 0 && seat < 26) {
      this.glide({ ...camera, x: wx, y: wy, scale: Math.min(this.bounds.most, 28 / chart.pitch) });
    } else this.pointAt(null, touch ? "touch" : "mouse");
  }

  private pointAt(target: Target | null, how: "mouse" | "touch" | "keys", x = 0, y = 0): void {
    if (target?.kind === "seat") [x, y] = toScreen(this.camera, this.chart.x[target.k]!, this.chart.y[target.k]!);
    this.options.events.point(target, x, y, how);
  }

  private gestures(): Gestures {
    return {
      pan: (dx, dy) => {
        this.motion = null;
        if (this.hovered) this.hover(null, 0, 0);
        this.look(pan(this.camera, dx, dy));
      },
      zoom: (factor, x, y) => {
        this.motion = null;
        if (this.hovered) this.hover(null, 0, 0);
        this.look(zoomAt(this.camera, factor, x, y, this.bounds));
      },
      tap: (x, y, touch) => this.tap(x, y, touch),
      doubleTap: (x, y) => this.glide(zoomAt(this.camera, 2.2, x, y, this.bounds)),
      hover: (x, y) => this.hover(this.at(x, y, 0, MOUSE_MIN_PX), x, y),
      leave: () => this.hover(null, 0, 0),
      rest: (vx, vy) => this.coast(vx, vy),
      key: (event) => this.key(event),
      hint: () => this.options.events.hint(),
    };
  }

  private hover(target: Target | null, x: number, y: number): void {
    const [a, b] = [this.hovered, target];
    const same = a?.kind === b?.kind && JSON.stringify(a) === JSON.stringify(b);
    this.hovered = target;
    this.host.classList.toggle("map--pointing", target !== null);
    if (!same || target?.kind !== "seat") this.pointAt(target, "mouse", x, y);
    if (!same) this.draw();
  }

  /** Let a flick run out. */
  private coast(vx: number, vy: number): void {
    if (this.calm.matches || Math.hypot(vx, vy) < 0.15) {
      this.labels.stale();
      this.draw();
      return;
    }
    let before = 0;
    this.motion = (now) => {
      const dt = before ? Math.min(40, now - before) : 16;
      before = now;
      this.camera = clamp(pan(this.camera, vx * dt, vy * dt), this.bounds);
      const keep = Math.exp(-dt / 160);
      [vx, vy] = [vx * keep, vy * keep];
      const going = Math.hypot(vx, vy) > 0.02;
      if (!going) {
        this.labels.stale();
        this.options.events.moved(this.zoomed());
      }
      return going;
    };
    this.draw();
  }

  // ————— keys: arrows walk seats (or sections from afar), Enter takes, + and − zoom

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey || event.ctrlKey) return;
    const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key];
    if (arrow) this.walk(arrow[0], arrow[1], event.shiftKey);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.6);
    else if (event.key === "-") this.zoomBy(1 / 1.6);
    else if (event.key === "0" || event.key === "Home") this.showWhole();
    else if (event.key === "Enter" || event.key === " ") this.enter();
    else if (event.key === "Escape" && this.cursor) {
      if (this.cursor.kind === "seat") {
        this.moveCursor({ kind: "section", section: this.chart.section[this.cursor.k]! });
        this.showWhole();
      } else this.moveCursor(null);
    } else return;
    event.preventDefault();
  }

  private walk(dx: number, dy: number, shift: boolean): void {
    if (shift) {
      this.panBy(-dx * 80, -dy * 80);
      return;
    }
    if (this.cursor?.kind === "seat") {
      const next = this.grid.towards(this.cursor.k, dx, dy);
      if (next < 0) return;
      this.moveCursor({ kind: "seat", k: next });
      const [x, y] = toScreen(this.camera, this.chart.x[next]!, this.chart.y[next]!);
      if (x < 40 || y < 40 || x > this.camera.width - 40 || y > this.camera.height - 40) {
        this.glide({ ...this.camera, x: this.chart.x[next]!, y: this.chart.y[next]! }, 160);
      }
      return;
    }
    const blocks: { target: Target; x: number; y: number }[] = [
      ...this.chart.sections.filter((s) => s.seats > 0).map((s) => ({ target: { kind: "section", section: s.index } as Target, x: s.spot.x, y: s.spot.y })),
      ...this.chart.areas.map((a) => ({ target: { kind: "area", area: a.index } as Target, x: a.spot.x, y: a.spot.y })),
    ];
    const here = blocks.find((b) => JSON.stringify(b.target) === JSON.stringify(this.cursor));
    let [best, least] = [here ? null : (blocks[0] ?? null), Infinity];
    if (here) {
      for (const block of blocks) {
        const [ox, oy] = [block.x - here.x, block.y - here.y];
        const [ahead, aside] = [ox * dx + oy * dy, Math.abs(ox * dy - oy * dx)];
        if (block === here || ahead <= 1 || aside > ahead * 1.5) continue;
        if (ahead + 2 * aside < least) [best, least] = [block, ahead + 2 * aside];
      }
    }
    if (best) this.moveCursor(best.target);
  }

  private enter(): void {
    const { cursor } = this;
    if (!cursor) {
      this.walk(1, 0, false);
      return;
    }
    if (cursor.kind !== "section") {
      this.options.events.choose(cursor);
      return;
    }
    const section = this.chart.sections[cursor.section]!;
    this.showSection(cursor.section);
    const first = this.chart.drawn[this.chart.rows[section.rows[0]]?.first ?? 0];
    if (first !== undefined && this.chart.section[first] !== REMOVED) this.moveCursor({ kind: "seat", k: first });
  }

  private moveCursor(target: Target | null): void {
    this.cursor = target;
    this.pointAt(target, "keys");
    this.draw();
  }

  /** Show where the list's focus is. */
  mirror(target: Target | null): void {
    this.cursor = target;
    this.draw();
  }
}

function layer(host: HTMLElement, name: string, canvas = document.createElement("canvas")): HTMLCanvasElement {
  canvas.className = `map__layer ${name}`;
  canvas.setAttribute("aria-hidden", "true");
  host.append(canvas);
  return canvas;
}
