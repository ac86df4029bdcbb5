/** Decode a chart into flat arrays by seat number `k`. One pass over the rows; no label is built before it is shown. */

import type { ChartDocument, Numbering } from "./wire";
import { ascending, at, FORMAT, outlineOf, textAt } from "./wire";

export type Box = [x0: number, y0: number, x1: number, y1: number];

export interface Section {
  index: number;
  name: string;
  floor: number;
  kind: number; // 0 seated, 1 general admission, 2 tables
  entrance: string;
  outline: Float32Array; // centimetres, flat; drawn as a closed polygon
  box: Box;
  spot: Spot;
  ranges: [k0: number, k1: number][]; // the seats, as few stretches of k as there are
  rows: [first: number, end: number];
  seats: number;
}

export interface Row {
  section: number;
  label: string;
  first: number; // drawing index of its first seat
  n: number;
  numbering: number;
}

export interface Area {
  index: number;
  name: string;
  floor: number;
  section: number;
  capacity: number;
  category: number;
  outline: Float32Array;
  box: Box;
  spot: Spot;
}

export interface Shape {
  kind: string;
  text: string;
  outline: Float32Array;
  box: Box;
  spot: Spot;
}

export interface Chart {
  name: string;
  venue: string;
  n: number;
  /** Seats in drawing order; `k` itself when the chart was never revised. */
  drawn: Uint32Array;
  x: Float32Array;
  y: Float32Array;
  section: Uint16Array;
  row: Uint32Array;
  pos: Uint16Array;
  run: Uint32Array;
  category: Uint8Array;
  attributes: Uint16Array;
  sections: Section[];
  rows: Row[];
  areas: Area[];
  categories: { name: string; color: string }[];
  floors: string[];
  tables: { row: number; name: string; shape: "circle" | "rect"; x: number; y: number; w: number; h: number; turn: number }[];
  focal: Shape[];
  decor: Shape[];
  entrances: { name: string; x: number; y: number }[];
  companions: Map<number, number[]>;
  /** Whether it has places for wheelchairs at all. */
  spaces: boolean;
  bounds: Box;
  /** Usual distance between neighbours, centimetres: what "one seat" means on the screen. */
  pitch: number;
  numberings: Numbering[];
  relabelled: Map<number, string>;
}

export const REMOVED = 0xffff;

export const Attribute = {
  wheelchairSpace: 1,
  wheelchairTransfer: 2,
  companion: 4,
  semiAmbulatory: 8,
  liftArmrest: 16,
  hearingLoop: 32,
  signLanguage: 64,
  obstructedView: 128,
  plusSize: 256,
  restrictedView: 512,
  aisle: 1024,
  stepFree: 2048,
  behindStage: 4096,
  noAlcohol: 8192,
  family: 16384,
  standingRail: 32768,
} as const;
export const ACCESSIBLE = Attribute.wheelchairSpace | Attribute.wheelchairTransfer;

export function decodeChart(doc: ChartDocument): Chart {
  if (doc.format !== FORMAT) throw new Error(`a chart of format ${doc.format}`);
  const n = doc.n;
  const chart: Chart = {
    name: doc.name,
    venue: doc.venue,
    n,
    drawn: drawingOrder(doc),
    x: new Float32Array(n),
    y: new Float32Array(n),
    section: new Uint16Array(n).fill(REMOVED),
    row: new Uint32Array(n),
    pos: new Uint16Array(n),
    run: new Uint32Array(n),
    category: new Uint8Array(n),
    attributes: new Uint16Array(n),
    sections: [],
    rows: [],
    areas: [],
    categories: doc.categories.map(({ name, color }) => ({ name, color })),
    floors: doc.floors.map((floor) => floor.name),
    tables: doc.tables,
    focal: doc.focal.map(({ kind, name, outline }) => shapeOf(kind, name, outline)),
    decor: doc.decor.map(({ kind, text, outline }) => shapeOf(kind, text, outline)),
    entrances: doc.entrances,
    companions: new Map(doc.companions.map(([k, ...offsets]) => [k!, offsets.map((o) => k! + o)])),
    spaces: doc.attributes.some(([bits, gaps]) => (bits & ACCESSIBLE) !== 0 && gaps.length > 0),
    bounds: [...doc.bounds],
    pitch: 55,
    numberings: doc.numberings,
    relabelled: new Map(ascending(doc.relabelled.k).map((k, i) => [k, doc.relabelled.label[i]!])),
  };
  placeRows(doc, chart);
  byNumber(chart, doc.order.length > 0);
  applyExceptions(doc, chart);
  chart.areas = doc.areas.map((area, index) => {
    const outline = outlineOf(area.outline);
    const box = boxOf(outline);
    return { ...area, index, outline, box, spot: labelSpot(outline, box) };
  });
  finishSections(chart, doc.order.length === 0);
  chart.pitch = usualPitch(chart);
  return chart;
}

function shapeOf(kind: string, text: string, flat: number[]): Shape {
  const outline = outlineOf(flat);
  const box = boxOf(outline);
  return { kind, text, outline, box, spot: labelSpot(outline, box) };
}

function drawingOrder(doc: ChartDocument): Uint32Array {
  if (doc.order.length === 0) {
    const identity = new Uint32Array(doc.n);
    for (let k = 0; k < doc.n; k++) identity[k] = k;
    return identity;
  }
  const drawn: number[] = [];
  for (let i = 0; i + 1 < doc.order.length; i += 2) {
    for (let k = doc.order[i]!; k < doc.order[i]! + doc.order[i + 1]!; k++) drawn.push(k);
  }
  return Uint32Array.from(drawn);
}

/*
 * A chart is decoded once, by code that no compiler has warmed up: whole rows are filled by the engine, nothing is allocated
 * per seat, and loops do without destructuring, which cold code pays for with an iterator each time.
 */

/** Where the seats of the row at hand stand along its curve, 0 … 1. Reused for every row. */
let along = new Float64Array(64);
/** How many seats `along` stands for, all in even steps; 0 after a row with breaks. */
let even = 0;

/** Walk sections and rows, undo the second differences, and put every seat on its curve. In drawing order; `byNumber` follows. */
function placeRows(doc: ChartDocument, chart: Chart): void {
  const { sections, rows } = doc;
  const columns = [rows.ax, rows.ay, rows.bx, rows.by, rows.s];
  const quads = new Map<number, number>(ascending(doc.quads.row).map((row, i) => [row, i]));
  const listed = new Set(ascending(doc.points.row));
  let [first, run, row, ox, oy, step] = [0, -1, 0, 0, 0, 0];

  for (let s = 0; s < sections.id.length; s++) {
    ox += at(sections.x, s);
    oy += at(sections.y, s);
    const firstRow = row;
    const sectionFirst = first;
    const value = [0, 0, 0, 0, 0];
    const difference = [0, 0, 0, 0, 0];
    for (let j = 0; j < at(sections.rows, s); j++, row++) {
      undoDifferences(columns, row, j, value, difference);
      const n = at(rows.n, row);
      const breaks = doc.breaks[at(rows.breaks, row)]!;
      spread(n, breaks);
      const quad = quads.get(row);
      if (listed.has(row)) {
        steps(chart, first, n, ox + value[0]!, oy + value[1]!, doc.points, step);
        step += n - 1;
      } else if (quad !== undefined) quadratic(chart, first, n, ox, oy, value, doc.quads.cx[quad]!, doc.quads.cy[quad]!);
      else if (value[4] === 0) straight(chart, first, n, ox, oy, value);
      else arc(chart, first, n, ox, oy, value);
      const end = first + n;
      for (let i = first; i < end; i++) chart.pos[i] = i - first;
      run = number(chart, first, end, breaks, run + 1);
      chart.row.fill(row, first, end);
      chart.category.fill(at(rows.category, row), first, end);
      chart.rows.push({ section: s, label: textAt(rows.label, row), first, n, numbering: at(rows.numbering, row) });
      markAisles(chart, first, end, breaks, at(rows.ends, row));
      first = end;
    }
    chart.section.fill(s, sectionFirst, first);
    chart.sections.push({
      index: s,
      name: sections.name[s]!,
      floor: at(sections.floor, s),
      kind: at(sections.kind, s),
      entrance: textAt(sections.entrance, s),
      outline: outlineOf(sections.outline[s]!),
      box: [0, 0, 0, 0],
      spot: { x: 0, y: 0, width: 0 },
      ranges: [],
      rows: [firstRow, row],
      seats: 0,
    });
  }
}

function undoDifferences(columns: ChartDocument["rows"]["ax"][], row: number, j: number, value: number[], difference: number[]): void {
  for (let q = 0; q < 5; q++) {
    const word = at(columns[q]!, row);
    if (j === 0) value[q] = word;
    else {
      difference[q] = j === 1 ? word : difference[q]! + word;
      value[q]! += difference[q]!;
    }
  }
}

/** Fill `along`: even steps, and more at each break. Most rows have none and are as long as the one before. */
function spread(n: number, breaks: readonly number[]): void {
  if (breaks.length === 0 && n === even) return;
  if (n > along.length) along = new Float64Array(2 * n);
  even = breaks.length === 0 ? n : 0;
  let gaps = 0;
  for (let b = 1; b < breaks.length; b += 2) gaps += breaks[b]! / 100;
  const whole = n - 1 + gaps;
  let [passed, b] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (; b < breaks.length && breaks[b]! <= i; b += 2) passed += breaks[b + 1]! / 100;
    along[i] = n === 1 ? 0 : (i + passed) / whole;
  }
}

function straight({ x, y }: Chart, first: number, n: number, ox: number, oy: number, v: readonly number[]): void {
  const ax = v[0]!, ay = v[1]!, dx = v[2]! - ax, dy = v[3]! - ay;
  for (let i = 0; i < n; i++) {
    x[first + i] = ox + ax + along[i]! * dx;
    y[first + i] = oy + ay + along[i]! * dy;
  }
}

function arc(chart: Chart, first: number, n: number, ox: number, oy: number, v: readonly number[]): void {
  const ax = ox + v[0]!, ay = oy + v[1]!, bx = ox + v[2]!, by = oy + v[3]!;
  const chord = Math.hypot(bx - ax, by - ay);
  if (chord === 0) {
    straight(chart, first, n, ox, oy, v);
    return;
  }
  const dx = (bx - ax) / chord, dy = (by - ay) / chord, mx = (ax + bx) / 2, my = (ay + by) / 2;
  const alpha = 2 * Math.atan((2 * v[4]!) / chord);
  const radius = chord / (2 * Math.sin(alpha));
  const cosine = Math.cos(alpha);
  const { x, y } = chart;
  for (let i = 0; i < n; i++) {
    const phi = (2 * along[i]! - 1) * alpha;
    const forth = radius * Math.sin(phi);
    const across = radius * (Math.cos(phi) - cosine);
    x[first + i] = mx + forth * dx - across * dy;
    y[first + i] = my + forth * dy + across * dx;
  }
}

function quadratic({ x, y }: Chart, first: number, n: number, ox: number, oy: number, v: readonly number[], cx: number, cy: number): void {
  const ax = ox + v[0]!, ay = oy + v[1]!, bx = ox + v[2]!, by = oy + v[3]!;
  const qx = (ax + bx) / 2 + cx, qy = (ay + by) / 2 + cy;
  for (let i = 0; i < n; i++) {
    const t = along[i]!, u = 1 - t;
    x[first + i] = u * u * ax + 2 * t * u * qx + t * t * bx;
    y[first + i] = u * u * ay + 2 * t * u * qy + t * t * by;
  }
}

function steps(chart: Chart, first: number, n: number, x: number, y: number, points: ChartDocument["points"], step: number): void {
  for (let i = 0; i < n; i++) {
    if (i > 0) {
      x += points.dx[step + i - 1]!;
      y += points.dy[step + i - 1]!;
    }
    chart.x[first + i] = x;
    chart.y[first + i] = y;
  }
}

/** Number the runs of a row, each up to the next break; returns the number of its last. */
function number(chart: Chart, first: number, end: number, breaks: readonly number[], run: number): number {
  let from = first;
  for (let b = 0; b < breaks.length; b += 2) {
    const to = first + breaks[b]!;
    if (to <= first || to >= end) continue;
    chart.run.fill(run++, from, to);
    from = to;
  }
  chart.run.fill(run, from, end);
  return run;
}

/** `aisle` is not sent: it follows from the ends of the row and its wide breaks. Section kind is known only to finishSections. */
function markAisles({ attributes }: Chart, first: number, end: number, breaks: number[], ends: number): void {
  if (end === first) return;
  if (ends & 1) attributes[first]! |= Attribute.aisle;
  if (ends & 2) attributes[end - 1]! |= Attribute.aisle;
  for (let b = 0; b + 1 < breaks.length; b += 2) {
    const i = first + breaks[b]!;
    if (breaks[b + 1]! < 50) continue;
    if (i > first && i <= end) attributes[i - 1]! |= Attribute.aisle;
    if (i >= first && i < end) attributes[i]! |= Attribute.aisle;
  }
}

/** From drawing order to `k`: the same for a chart that was never revised; seats taken out of a revised one are marked. */
function byNumber(chart: Chart, revised: boolean): void {
  if (!revised) return;
  const { drawn, n } = chart;
  const turn = <T extends Float32Array | Uint32Array | Uint16Array | Uint8Array>(from: T, to: T): T => {
    for (let i = 0; i < drawn.length; i++) to[drawn[i]!] = from[i]!;
    return to;
  };
  chart.x = turn(chart.x, new Float32Array(n));
  chart.y = turn(chart.y, new Float32Array(n));
  chart.section = turn(chart.section, new Uint16Array(n).fill(REMOVED));
  chart.row = turn(chart.row, new Uint32Array(n));
  chart.pos = turn(chart.pos, new Uint16Array(n));
  chart.run = turn(chart.run, new Uint32Array(n));
  chart.category = turn(chart.category, new Uint8Array(n));
  chart.attributes = turn(chart.attributes, new Uint16Array(n));
}

function applyExceptions(doc: ChartDocument, chart: Chart): void {
  for (const table of doc.tables) {
    const { first, n } = chart.rows[table.row]!;
    for (let i = first; i < first + n; i++) chart.attributes[chart.drawn[i]!]! &= ~Attribute.aisle;
  }
  for (const [bits, gaps] of doc.attributes) for (const k of ascending(gaps)) chart.attributes[k]! |= bits;
  for (const [category, gaps] of doc.recategorised) for (const k of ascending(gaps)) chart.category[k] = category;
  ascending(doc.moved.k).forEach((k, i) => {
    chart.x[k]! += doc.moved.dx[i]!;
    chart.y[k]! += doc.moved.dy[i]!;
  });
}

/** *inOrder*: drawing order is `k`, so that a row is one stretch. */
function finishSections(chart: Chart, inOrder: boolean): void {
  for (const section of chart.sections) {
    const rows = chart.rows.slice(section.rows[0], section.rows[1]);
    for (const { first, n } of rows) {
      section.seats += n;
      for (let i = first; i < first + n; i += inOrder ? n : 1) {
        const [k, end] = [chart.drawn[i]!, chart.drawn[i]! + (inOrder ? n : 1)];
        const last = section.ranges.at(-1);
        if (last && last[1] === k) last[1] = end;
        else section.ranges.push([k, end]);
      }
    }
    if (section.outline.length < 6) section.outline = hullOf(chart, section);
    section.box = boxOf(section.outline);
    section.spot = labelSpot(section.outline, section.box);
  }
}

/** A section nobody outlined: the convex hull of its seats, one seat wider. */
function hullOf(chart: Chart, section: Section): Float32Array {
  const points: [number, number][] = [];
  for (const [k0, k1] of section.ranges) {
    for (let k = k0; k < k1; k++) {
      for (const [dx, dy] of [[-45, -45], [45, -45], [45, 45], [-45, 45]] as const) points.push([chart.x[k]! + dx, chart.y[k]! + dy]);
    }
  }
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (list: [number, number][]) => {
    const hull: [number, number][] = [];
    for (const p of list) {
      while (hull.length > 1) {
        const [a, b] = [hull.at(-2)!, hull.at(-1)!];
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
        hull.pop();
      }
      hull.push(p);
    }
    return hull.slice(0, -1);
  };
  return Float32Array.from([...half(points), ...half(points.reverse())].flat());
}

export function boxOf(outline: Float32Array): Box {
  if (outline.length === 0) return [0, 0, 0, 0];
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (let i = 0; i + 1 < outline.length; i += 2) {
    const x = outline[i]!, y = outline[i + 1]!;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  return [x0, y0, x1, y1];
}

/** Where words fit in an outline: their middle, and how wide they may be there (centimetres). */
export interface Spot {
  x: number;
  y: number;
  width: number;
}

/** The centroid's line, or in a horseshoe or an L the line with the widest stretch inside. */
export function labelSpot(outline: Float32Array, box: Box): Spot {
  const centre = centroid(outline);
  const height = box[3] - box[1];
  const at = centre ? stretch(outline, centre[0], centre[1], height) : null;
  if (at && at.width > (box[2] - box[0]) * 0.25) return at;
  let best: Spot = at ?? { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, width: 0 };
  for (let i = 1; i < 12; i++) {
    for (let j = 1; j < 6; j++) {
      const spot = stretch(outline, box[0] + ((box[2] - box[0]) * j) / 6, box[1] + (height * i) / 12, height);
      if (spot && spot.width > best.width) best = spot;
    }
  }
  return best;
}

/** The stretch inside the outline around (x, y) that is also inside a little above and below; null when (x, y) is outside. */
function stretch(outline: Float32Array, x: number, y: number, height: number): Spot | null {
  let left = -Infinity, right = Infinity;
  for (let step = -1; step <= 1; step++) {
    const level = y + step * height * 0.13;
    let odd = false;
    for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2) {
      const ay = outline[i + 1]!, by = outline[j + 1]!;
      if (ay > level === by > level) continue;
      const cross = ((outline[j]! - outline[i]!) * (level - ay)) / (by - ay) + outline[i]!;
      if (cross > x) {
        odd = !odd;
        if (cross < right) right = cross;
      } else if (cross > left) left = cross;
    }
    if (!odd) return null;
  }
  return { x: (left + right) / 2, y, width: right - left };
}

/** The area's centroid; null for an outline without area. */
function centroid(outline: Float32Array): [number, number] | null {
  let area = 0, cx = 0, cy = 0;
  // Relative to the first corner: absolute centimetres squared lose the float's precision.
  const x0 = outline[0]!, y0 = outline[1]!;
  for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2) {
    const ax = outline[j]! - x0, ay = outline[j + 1]! - y0, bx = outline[i]! - x0, by = outline[i + 1]! - y0;
    const cross = ax * by - bx * ay;
    area += cross;
    cx += (ax + bx) * cross;
    cy += (ay + by) * cross;
  }
  return Math.abs(area) < 1 ? null : [x0 + cx / (3 * area), y0 + cy / (3 * area)];
}

/** Whether a point lies in a polygon (even-odd). */
export function inside(outline: Float32Array, x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2) {
    const ay = outline[i + 1]!, by = outline[j + 1]!;
    if (ay > y !== by > y && x < ((outline[j]! - outline[i]!) * (y - ay)) / (by - ay) + outline[i]!) odd = !odd;
  }
  return odd;
}

/** Median distance of neighbours over up to 400 rows. */
function usualPitch(chart: Chart): number {
  const found: number[] = [];
  const stride = Math.max(1, Math.floor(chart.rows.length / 400));
  for (let r = 0; r < chart.rows.length; r += stride) {
    const { first, n } = chart.rows[r]!;
    if (n < 2) continue;
    const [a, b] = [chart.drawn[first]!, chart.drawn[first + 1]!];
    found.push(Math.hypot(chart.x[b]! - chart.x[a]!, chart.y[b]! - chart.y[a]!));
  }
  found.sort((a, b) => a - b);
  return Math.max(20, found[found.length >> 1] ?? 55);
}

function letters(value: number): string {
  let [rest, text] = [value, ""];
  for (; rest > 0; rest = Math.floor((rest - 1) / 26)) text = String.fromCharCode(65 + ((rest - 1) % 26)) + text;
  return text || String(value);
}

/** The printed name of a seat, made when it is shown. */
export function seatLabel(chart: Chart, k: number): string {
  const special = chart.relabelled.get(k);
  if (special !== undefined) return special;
  const row = chart.rows[chart.row[k]!]!;
  const scheme = chart.numberings[row.numbering]!;
  const i = chart.pos[k]!;
  if (scheme[0] === "list") return scheme[1][i] ?? "";
  const number = scheme[1] + (scheme[3] ? row.n - 1 - i : i) * scheme[2];
  return scheme[0] === "letters" ? letters(number) : String(number);
}
