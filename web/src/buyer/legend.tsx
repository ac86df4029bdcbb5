/** What colours and shapes mean; each price is a filter too. */

import { Icon } from "../ui/icon";
import { tiersOf } from "../map/palette";
import { fittingPlaces, isFiltered, NO_FILTER } from "../map/state";
import type { Desk } from "./desk";

export function Legend({ desk }: { desk: Desk }) {
  const { t } = desk.words;
  desk.tick.value;
  const filter = desk.filter.value;
  const filtered = isFiltered(desk.state);
  const tiers = tiersOf(desk.chart, desk.state.prices);
  const list = desk.chart.categories
    .map((category, c) => ({ c, name: category.name, prices: desk.state.prices[c] ?? [] }))
    .filter(({ prices }) => prices.length > 0)
    .sort((a, b) => b.prices[0]!.amount - a.prices[0]!.amount);
  const areas = new Set(desk.chart.areas.map((area) => area.category));
  const left = (c: number) =>
    (desk.state.freeIn[c] ?? 0) + desk.chart.areas.reduce((sum, area, a) => sum + (area.category === c ? desk.state.remaining[a]! : 0), 0);
  const toggle = (c: number) => {
    const chosen = new Set(filter.categories ?? []);
    if (!chosen.delete(c)) chosen.add(c);
    desk.narrow({ ...filter, categories: chosen.size ? chosen : null });
  };
  // The dearest is no limit: "any price" says it already.
  const amounts = [...new Set(list.map(({ prices }) => prices[0]!.amount))].slice(1).reverse();

  return (
    <div class="legend" role="group" aria-label={t("legend.title")}>
      <div class="legend__prices">
        {list.map(({ c, name, prices }) => {
          const count = left(c);
          return (
            <button
              key={c}
              type="button"
              class="chip legend__price"
              aria-pressed={filter.categories?.has(c) ?? false}
              disabled={count === 0 && !areas.has(c)}
              onClick={() => toggle(c)}
            >
              <i class={`swatch tier-${tiers[c]! + 1}`} />
              <span class="legend__name">{name}</span>
              <span class="num">{count === 0 ? t("map.sold_out") : desk.formats.money(desk.price(prices[0]!.amount))}</span>
            </button>
          );
        })}
        <div class="legend__more">
          {desk.chart.spaces && (
            <button type="button" class="chip" aria-pressed={filter.accessible} onClick={() => desk.narrow({ ...filter, accessible: !filter.accessible })}>
              <Icon name="wheelchair" />
              {t("legend.accessible")}
            </button>
          )}
          {amounts.length > 0 && (
            <label>
              <span class="visually-hidden">{t("legend.most")}</span>
              <select
                class="select select--small num"
                value={filter.amountMax ?? ""}
                onChange={({ currentTarget: { value } }) => desk.narrow({ ...filter, amountMax: value ? Number(value) : null })}
              >
                <option value="">{t("legend.any")}</option>
                {amounts.map((amount) => (
                  <option key={amount} value={amount}>{t("legend.up_to", { price: desk.formats.money(desk.price(amount)) })}</option>
                ))}
              </select>
            </label>
          )}
        </div>
      </div>
      <div class={`legend__foot${filtered ? " legend__foot--filtered" : ""}`}>
        <ul class="legend__states">
          <li><i class="dot dot--free" />{t("map.state_free")}</li>
          <li><i class="dot dot--held" />{t("map.state_held")}</li>
          <li><i class="dot dot--sold" />{t("map.state_sold")}</li>
          <li><i class="dot dot--yours" />{t("map.state_yours")}</li>
        </ul>
        {filtered && (
          <p class="legend__fit num">
            {t("legend.fit", { n: fittingPlaces(desk.state) })}
            <button type="button" class="link" onClick={() => desk.narrow(NO_FILTER)}>{t("legend.clear")}</button>
          </p>
        )}
      </div>
    </div>
  );
}
