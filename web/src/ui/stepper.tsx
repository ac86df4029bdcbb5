/** A small number with a button on either side. */

import { Icon } from "./icon";

interface Props {
  label: string;
  value: number;
  least: number;
  most: number;
  fewer: string;
  more: string;
  onChange: (value: number) => void;
}

export function Stepper({ label, value, least, most, fewer, more, onChange }: Props) {
  return (
    <span class="stepper" role="group" aria-label={label}>
      <button type="button" class="stepper__button" aria-label={fewer} disabled={value <= least} onClick={() => onChange(value - 1)}>
        <Icon name="minus" />
      </button>
      <output class="stepper__value" aria-live="polite">
        {value}
      </output>
      <button type="button" class="stepper__button" aria-label={more} disabled={value >= most} onClick={() => onChange(value + 1)}>
        <Icon name="plus" />
      </button>
    </span>
  );
}
