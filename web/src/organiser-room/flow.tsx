/** Who came and who was let in over the last minutes: rows of bars from zero, each labelled where it is. */

import type { FlowStep } from "./figures";

const WIDTH = 600;
const HEIGHT = 56;

export interface FlowRow {
  key: string;
  name: string;
  /** What came over the last whole minute, ready to print. */
  perMinute: string;
  column: 1 | 2 | 3;
  /** What the full height stands for. */
  most: number;
}

interface Props {
  flow: readonly FlowStep[];
  /** How many steps the width holds, so that bars keep their width while the page fills. */
  steps: number;
  rows: readonly FlowRow[];
}

export function Flow({ flow, steps, rows }: Props) {
  const bar = WIDTH / steps;
  const first = steps - flow.length;
  return (
    <dl class="room-flow">
      {rows.map((row) => (
        <div key={row.key}>
          <dt>{row.name} <span class="num">{row.perMinute}</span></dt>
          <dd>
            <svg class={`room-flow__bars room-flow__bars--${row.key}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
              {flow.map((step, index) => {
                const height = (step[row.column] / row.most) * HEIGHT;
                return <rect key={step[0]} x={(first + index) * bar + bar * 0.1} y={HEIGHT - height} width={bar * 0.8} height={height} />;
              })}
            </svg>
          </dd>
        </div>
      ))}
    </dl>
  );
}
