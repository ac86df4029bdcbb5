/** The house as a heat picture: each part coloured by how much of it is gone, with the number, so that colour is never alone. */

import type { Chart } from "../map/chart";
import type { Words } from "../i18n/words";
import type { Fill, Part } from "./heat";
import { percent, share, step, STEPS } from "./heat";

interface Props {
  chart: Chart;
  parts: readonly Part[];
  fills: ReadonlyMap<string, Fill>;
  words: Words;
}

export function HeatMap({ chart, parts, fills, words }: Props) {
  const [x0, y0, x1, y1] = chart.bounds;
  const margin = Math.max(x1 - x0, y1 - y0) * 0.02;
  // Smaller than this nobody reads a number; what it would say is in the part's title.
  const least = Math.max(x1 - x0, y1 - y0) * 0.018;
  const view = [x0 - margin, y0 - margin, x1 - x0 + 2 * margin, y1 - y0 + 2 * margin].map(Math.round).join(" ");
  return (
    <figure class="heat">
      <svg class="heat__map" viewBox={view} role="img" aria-label={words.t("organiser.map")}>
        {chart.focal.map((shape, index) => (
          <polygon key={index} class="heat__stage" points={pointsOf(shape.outline)} />
        ))}
        {parts.map((part) => {
          const gone = share(fills.get(part.key));
          const level = step(gone);
          return (
            <g key={part.key}>
              <polygon class={`heat__part heat__part--${level}`} points={part.points}>
                <title>{`${part.name}: ${percent(gone)} %`}</title>
              </polygon>
              {part.size >= least && <text class={`heat__number heat__number--${level}`} x={part.x} y={part.y} font-size={part.size}>{percent(gone)}</text>}
            </g>
          );
        })}
      </svg>
      <figcaption class="heat__legend small muted">
        <span>{words.t("organiser.legend_empty")}</span>
        {Array.from({ length: STEPS }, (_, level) => <i key={level} class={`heat__swatch heat__swatch--${level}`} />)}
        <span>{words.t("organiser.legend_full")}</span>
      </figcaption>
    </figure>
  );
}

function pointsOf(outline: Float32Array): string {
  const points: string[] = [];
  for (let i = 0; i < outline.length; i += 2) points.push(`${Math.round(outline[i]!)},${Math.round(outline[i + 1]!)}`);
  return points.join(" ");
}
