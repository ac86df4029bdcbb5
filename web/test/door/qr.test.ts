// The scanner's own decoder reads back what the server draws: upright, turned, small, noisy and with a stain on it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

interface Picture {
  text: string;
  rows: string[];
}

const { symbols } = JSON.parse(readFileSync(new URL("../../../tests/vectors/qr.json", import.meta.url), "utf8")) as { symbols: Picture[] };
const QUIET = 4;

beforeAll(async () => {
  const wasm = readFileSync(createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm"));
  await prepareZXingModule({ overrides: { wasmBinary: wasm.buffer as ArrayBuffer }, fireImmediately: true });
});

/** Paint a symbol as a grey picture; `shade` may spoil each pixel. */
function paint(rows: string[], scale: number, angle: number, shade: (x: number, y: number, grey: number) => number): ImageData {
  const side = Math.ceil((rows.length + 2 * QUIET) * scale * 1.5);
  const data = new Uint8ClampedArray(side * side * 4);
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [x - side / 2, y - side / 2];
      const column = Math.floor((dx * cos + dy * sin) / scale + rows.length / 2);
      const row = Math.floor((-dx * sin + dy * cos) / scale + rows.length / 2);
      const grey = shade(x / side, y / side, rows[row]?.[column] === "1" ? 40 : 215);
      data.set([grey, grey, grey, 255], (y * side + x) * 4);
    }
  }
  return { data, width: side, height: side, colorSpace: "srgb" } as ImageData;
}

async function read(picture: ImageData): Promise<string[]> {
  const found = await readBarcodes(picture, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 });
  return found.map((code) => code.text);
}

/** A small reproducible random number in 0..1. */
function dice(seed: number): () => number {
  return () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
}

describe.each(symbols)("symbol of $text", ({ text, rows }) => {
  it.each([3, 4, 7])("reads at %i pixels a module", async (scale) => {
    expect(await read(paint(rows, scale, 0, (_x, _y, grey) => grey))).toEqual([text]);
  });
  it.each([0.1, 0.6, 1.5, 3.1])("reads turned by %f rad", async (angle) => {
    expect(await read(paint(rows, 5, angle, (_x, _y, grey) => grey))).toEqual([text]);
  });
  it("reads with noise and a shadow over half of it", async () => {
    const next = dice(7);
    expect(await read(paint(rows, 5, 0.05, (x, _y, grey) => grey * (x < 0.5 ? 0.55 : 1) + next() * 40 - 20))).toEqual([text]);
  });
  it("reads with a stain over its data", async () => {
    expect(await read(paint(rows, 5, 0, (x, y, grey) => ((x - 0.55) ** 2 + (y - 0.5) ** 2 < 0.0016 ? 40 : grey)))).toEqual([text]);
  });
});
