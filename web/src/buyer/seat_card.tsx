/** What one seat, section or area is: place, price, what to know, and its state in words. */

import { Attribute } from "../map/chart";
import type { Target } from "../map/map";
import { cheapestIn, Seat } from "../map/state";
import { isAsked, isHeld } from "../live/reconcile";
import type { Desk } from "./desk";

const NOTES: readonly (readonly [number, string])[] = [
  [Attribute.wheelchairSpace, "seat.wheelchair_space"],
  [Attribute.wheelchairTransfer, "seat.wheelchair_transfer"],
  [Attribute.companion, "seat.companion"],
  [Attribute.obstructedView, "seat.obstructed_view"],
  [Attribute.restrictedView, "seat.restricted_view"],
  [Attribute.behindStage, "seat.behind_stage"],
  [Attribute.stepFree, "seat.step_free"],
  [Attribute.aisle, "seat.aisle"],
  [Attribute.hearingLoop, "seat.hearing_loop"],
  [Attribute.liftArmrest, "seat.lift_armrest"],
  [Attribute.plusSize, "seat.plus_size"],
  [Attribute.family, "seat.family"],
  [Attribute.noAlcohol, "seat.no_alcohol"],
];

export function seatNotes(desk: Desk, k: number): string[] {
  const bits = desk.chart.attributes[k]!;
  return NOTES.filter(([bit]) => bits & bit).map(([, key]) => desk.words.t(key));
}

/** The state of a seat in the buyer's words. */
export function seatState(desk: Desk, k: number): string {
  const { t } = desk.words;
  if (isHeld(desk.basket.value, k)) return t("map.state_yours");
  if (isAsked(desk.basket.value, k)) return t("map.state_asked");
  const truth = desk.state.truth[k]!;
  return t(truth === Seat.free ? "map.state_free" : truth === Seat.held ? "map.state_held" : truth === Seat.sold ? "map.state_sold" : "map.state_off");
}

export function seatPrices(desk: Desk, k: number): string {
  const prices = desk.state.prices[desk.chart.category[k]!] ?? [];
  return prices.map(({ type, amount }) => `${desk.typeName(type)} ${desk.formats.money(desk.price(amount))}`).join(" · ");
}

/** All of it in one sentence, for those who listen. */
export function spokenSeat(desk: Desk, k: number): string {
  const category = desk.chart.categories[desk.chart.category[k]!]?.name ?? "";
  return [desk.seatName(k), seatState(desk, k), category, seatPrices(desk, k), ...seatNotes(desk, k)].filter(Boolean).join(", ");
}

export function spokenTarget(desk: Desk, target: Target): string {
  const { t } = desk.words;
  if (target.kind === "seat") return spokenSeat(desk, target.k);
  if (target.kind === "area") return `${desk.chart.areas[target.area]!.name}, ${t("map.left", { n: desk.state.remaining[target.area]! })}`;
  const section = desk.chart.sections[target.section]!;
  const cheapest = cheapestIn(desk.state, target.section);
  const price = cheapest === null ? t("map.sold_out") : t("map.from", { price: desk.formats.money(desk.price(cheapest)) });
  return `${section.name}, ${t("map.left", { n: desk.state.freeOf[target.section]! })}, ${price}`;
}

export function SeatCard({ desk, target }: { desk: Desk; target: Target }) {
  const { t } = desk.words;
  desk.tick.value;
  if (target.kind !== "seat") {
    const name = target.kind === "section" ? desk.chart.sections[target.section]!.name : desk.chart.areas[target.area]!.name;
    const left = target.kind === "section" ? desk.state.freeOf[target.section]! : desk.state.remaining[target.area]!;
    const cheapest = target.kind === "section" ? cheapestIn(desk.state, target.section) : (desk.state.prices[desk.chart.areas[target.area]!.category]?.[0]?.amount ?? null);
    return (
      <>
        <strong>{name}</strong>
        <span class="card-line num">
          {left === 0 || cheapest === null ? t("map.sold_out") : `${t("map.left", { n: left })} · ${t("map.from", { price: desk.formats.money(desk.price(cheapest)) })}`}
        </span>
      </>
    );
  }
  const notes = seatNotes(desk, target.k);
  return (
    <>
      <strong>{desk.seatName(target.k)}</strong>
      <span class="card-line">
        {desk.chart.categories[desk.chart.category[target.k]!]?.name} · {seatState(desk, target.k)}
      </span>
      {desk.state.truth[target.k]! <= Seat.held && <span class="card-line num">{seatPrices(desk, target.k)}</span>}
      {notes.length > 0 && <span class="card-line card-line--notes">{notes.join(" · ")}</span>}
    </>
  );
}
