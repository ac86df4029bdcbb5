import { describe, expect, it } from "vitest";
import { CorruptFrame, decodeFrame, decodeSnapshot } from "../../src/map/frames";
import { delta, snapshot } from "../support/charts";

const hex = (text: string) => Uint8Array.from(text.split(" ").map((byte) => Number.parseInt(byte, 16))).buffer;

describe("the frames of docs/messages.md", () => {
  it("reads the documented change frame", () => {
    const frame = decodeFrame(hex("01 00 69 20 1c 00 00 00 00 29 00 00 00 2b a5 01 02 80 49"));
    expect(frame).toEqual({ kind: "delta", epoch: 0x69201c00, fromSeq: 41, toSeq: 43, runs: [5, 2, 1, 7, 1, 2, 300, 1, 0] });
  });

  it("reads the documented snapshot", () => {
    const state = decodeSnapshot(hex("02 02 69 20 1c 00 00 00 00 2b 00 00 00 0a 00 00 00 01 00 16 30 00 00 03 84"));
    expect([...state.states]).toEqual([0, 0, 0, 0, 0, 1, 1, 2, 0, 3]);
    expect([...state.remaining]).toEqual([900]);
    expect(state).toMatchObject({ epoch: 0x69201c00, seq: 43 });
  });

  it("reads ranges that begin on a byte of their own", () => {
    const frame = decodeFrame(hex("03 00 00 00 00 01 00 00 00 02 00 02 00 00 00 08 00 00 00 0a 90 00 00 00 10 00 00 00 15 1b 40"));
    expect(frame).toMatchObject({ kind: "ranges", epoch: 1, seq: 2 });
    if (!("ranges" in frame)) throw new Error("not ranges");
    expect(frame.ranges.map(({ k0, states }) => [k0, [...states]])).toEqual([[8, [2, 1]], [16, [0, 1, 2, 3, 1]]]);
  });

  it.each([
    ["a kind nobody knows", "09 00"],
    ["nothing at all", ""],
    ["a change frame that ends inside a number", "01 00 00 00 00 01 00 00 00 01 00 00 00 01 80"],
    ["a snapshot that is shorter than it says", "02 02 00 00 00 01 00 00 00 01 00 00 00 ff 00 00 00 00 00"],
    ["ranges that are shorter than they say", "03 00 00 00 00 01 00 00 00 02 00 01 00 00 00 08 00 00 0f ff 90"],
  ])("refuses %s", (_what, text) => {
    expect(() => decodeFrame(text ? hex(text) : new ArrayBuffer(0))).toThrow(CorruptFrame);
  });

  it("reads back what the helpers write, far gaps and long runs included", () => {
    const changes: [number, number][] = [...Array.from({ length: 11 }, (_, i): [number, number] => [3 + i, 2]), [70_000, 1], [5_000_000, 3]];
    const frame = decodeFrame(delta(7, 1, 2, changes));
    if (!("runs" in frame)) throw new Error("not a change frame");
    const found: [number, number][] = [];
    for (let i = 0; i < frame.runs.length; i += 3) for (let j = 0; j < frame.runs[i + 1]!; j++) found.push([frame.runs[i]! + j, frame.runs[i + 2]!]);
    expect(found).toEqual(changes);
    expect([...decodeSnapshot(snapshot(7, 2, [1, 2, 3, 0, 2], [])).states]).toEqual([1, 2, 3, 0, 2]);
  });
});
