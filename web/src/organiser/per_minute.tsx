/** Tickets per minute over the last hour, as bars from zero. */

import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

interface Props {
  /** The last 60 minutes, oldest first; the last is the running one. */
  minutes: readonly number[];
  now: number;
  label: string;
  clock(unixMs: number): string;
}

export function PerMinute({ minutes, now, label, clock }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = dataOf(minutes, now);

  useEffect(() => {
    const element = frame.current!;
    const made = new uPlot(options(element, clock), data, element);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: element.clientHeight }));
    sizes.observe(element);
    // Canvas colours do not follow the theme by themselves.
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => made.redraw(false);
    dark.addEventListener("change", repaint);
    return () => {
      dark.removeEventListener("change", repaint);
      sizes.disconnect();
      made.destroy();
    };
  }, []);

  useEffect(() => plot.current?.setData(data), [minutes, now]);

  const total = minutes.reduce((sum, count) => sum + count, 0);
  return <div class="war__plot" ref={frame} role="img" aria-label={`${label}: ${total}`} />;
}

function dataOf(minutes: readonly number[], now: number): uPlot.AlignedData {
  const minute = Math.floor(now / 60_000) * 60;
  return [minutes.map((_, index) => minute - (minutes.length - 1 - index) * 60), [...minutes]];
}

function options(element: HTMLElement, clock: (unixMs: number) => string): uPlot.Options {
  const token = (name: string) => () => getComputedStyle(element).getPropertyValue(name).trim();
  const axis: uPlot.Axis = { stroke: token("--ink-3"), font: "12px Inter, sans-serif", grid: { show: false }, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [8, 32, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: false }, y: { range: (_self, _least, most) => [0, Math.max(4, most)] } },
    axes: [
      { ...axis, size: 32, gap: 10, space: 90, values: (_self, splits) => splits.map((second) => clock(second * 1000)) },
      { ...axis, size: 40, space: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
    ],
    series: [{}, { fill: token("--accent"), width: 0, paths: uPlot.paths.bars!({ size: [0.75, 24], align: 0 }), points: { show: false } }],
  };
}
