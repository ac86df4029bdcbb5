/** What one seat, section or area is: place, price, what to know, and its state in words. */

import { Attribute } from "../map/chart";
import type { Target } from "../map/map";
import { areaFits, cheapestIn, fittingIn, isFiltered, KEPT, Seat } from "../map/state";
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

/** What a buyer must know before paying: whom the place is kept for, and what is not seen from it. */
const GRAVE = KEPT | Attribute.obstructedView | Attribute.restrictedView | Attribute.behindStage;

export function graveNotes(desk: Desk, k: number): string[] {
  return seatNotes(desk, k, GRAVE);
}

export function seatNotes(desk: Desk, k: number, mask = ~0): string[] {
  const bits = desk.chart.attributes[k]! & mask;
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
  if (target.kind === "seat") return spokenSeat(desk, target.k);
  return `${blockName(desk, target)}, ${blockFigures(desk, target).join(", ")}`;
}

type Block = Exclude<Target, { kind: "seat" }>;

function blockName(desk: Desk, target: Block): string {
  return (target.kind === "section" ? desk.chart.sections[target.section] : desk.chart.areas[target.area])!.name;
}

/** How many are left of what the filter lets through, and from which price; or that nothing is. */
export function blockFigures(desk: Desk, target: Block): string[] {
  const { state, formats, words: { t } } = desk;
  const section = target.kind === "section";
  const left = section ? state.freeOf[target.section]! : state.remaining[target.area]!;
  const fitting = section ? fittingIn(state, target.section) : areaFits(state, target.area) ? left : 0;
  const cheapest = section ? cheapestIn(state, target.section) : state.prices[desk.chart.areas[target.area]!.category]?.[0]?.amount;
  if (left === 0) return [t("map.sold_out")];
  if (fitting === 0 || cheapest == null) return [isFiltered(state) ? t("map.none_fit") : t("map.sold_out")];
  return [t("map.left", { n: fitting }), t("map.from", { price: formats.money(desk.price(cheapest)) })];
}

export function SeatCard({ desk, target }: { desk: Desk; target: Target }) {
  desk.tick.value;
  if (target.kind !== "seat") {
    return (
      <>
        <strong>{blockName(desk, target)}</strong>
        <span class="card-line num">{blockFigures(desk, target).join(" · ")}</span>
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
