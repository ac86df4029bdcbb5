/** The wire form of a chart, as docs/chart-format.md describes it. Distances in centimetres, outlines in decimetres. */

export type Column = number | number[];
export type Numbering =
  | ["int" | "letters", number, number]
  | ["int" | "letters", number, number, 1]
  | ["list", string[]];

export interface ChartDocument {
  format: string;
  name: string;
  venue: string;
  n: number;
  order: number[];
  bounds: [number, number, number, number];
  floors: { id: string; name: string }[];
  categories: { id: string; name: string; color: string }[];
  sections: {
    id: string[];
    name: string[];
    floor: Column;
    kind: Column;
    entrance: string[] | string;
    x: Column;
    y: Column;
    rows: Column;
    outline: number[][];
  };
  rows: {
    label: string[] | string;
    n: Column;
    ax: Column;
    ay: Column;
    bx: Column;
    by: Column;
    s: Column;
    category: Column;
    breaks: Column;
    numbering: Column;
    ends: Column;
  };
  breaks: number[][];
  numberings: Numbering[];
  quads: { row: number[]; cx: number[]; cy: number[] };
  points: { row: number[]; dx: number[]; dy: number[] };
  attributes: [number, number[]][];
  recategorised: [number, number[]][];
  relabelled: { k: number[]; label: string[] };
  moved: { k: number[]; dx: number[]; dy: number[] };
  companions: number[][];
  areas: { id: string; name: string; floor: number; section: number; capacity: number; category: number; outline: number[] }[];
  tables: {
    row: number;
    name: string;
    shape: "circle" | "rect";
    x: number;
    y: number;
    w: number;
    h: number;
    turn: number;
    booking: "seat" | "whole" | "both";
    party: [number, number];
  }[];
  focal: { kind: string; name: string; outline: number[] }[];
  decor: { kind: "shape" | "line" | "text"; text: string; outline: number[] }[];
  entrances: { name: string; x: number; y: number }[];
}

export const FORMAT = "frontrow-chart/1";

/** A number of a column that may have been shortened to its one constant value. */
export function at(column: Column, i: number): number {
  return typeof column === "number" ? column : column[i]!;
}

export function textAt(column: string[] | string, i: number): string {
  return typeof column === "string" ? column : column[i]!;
}

/** Undo "gaps": differences back to ascending numbers. */
export function ascending(gaps: readonly number[]): number[] {
  let sum = 0;
  return gaps.map((gap) => (sum += gap));
}

/** An outline in centimetres: flat [x, y, x, y …], absolute. */
export function outlineOf(flat: readonly number[]): Float32Array {
  const points = new Float32Array(flat.length);
  let [x, y] = [0, 0];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    x += flat[i]!;
    y += flat[i + 1]!;
    points[i] = x * 10;
    points[i + 1] = y * 10;
  }
  return points;
}
