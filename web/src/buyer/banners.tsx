/** What is not as it should be, and nothing else: the line, the sale's phase, small notices. */

import { useEffect, useState } from "preact/hooks";
import { countdown } from "../i18n/format";
import { Icon } from "../ui/icon";
import type { Desk } from "./desk";

/** A line that is back within this time was never worth a word. */
const PATIENCE_MS = 1500;

export function Banners({ desk }: { desk: Desk }) {
  return (
    <>
      <LineBanner desk={desk} />
      <PhaseBanner desk={desk} />
    </>
  );
}

function LineBanner({ desk }: { desk: Desk }) {
  const { t } = desk.words;
  const [status, hold] = [desk.status.value, desk.hold.value];
  const [late, setLate] = useState(false);
  const fine = status === "live";
  useEffect(() => {
    if (fine) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [fine]);
  if (fine || !late) return null;
  const key = status === "offline" ? "live.offline" : status === "stopped" ? "live.stopped" : "live.reconnecting";
  return (
    <div class="banner banner--warn" role="status">
      <Icon name="offline" />
      <div>
        <p class="banner__title">{t(`${key}_title`)}</p>
        <p class="small">{hold ? t("live.safe_until", { time: desk.formats.clock(desk.endsAt(hold)) }) : t(`${key}_body`)}</p>
      </div>
      {status === "stopped" && (
        <button type="button" class="btn btn--small banner__actions" onClick={() => location.reload()}>{t("common.retry")}</button>
      )}
    </div>
  );
}

function PhaseBanner({ desk }: { desk: Desk }) {
  const { t } = desk.words;
  const [phase, opens] = [desk.phase.value, desk.opensAt.value];
  if (!desk.ready.value) return null;
  if (phase === "open") {
    if (desk.free.value > 0 || desk.hold.value) return null;
    return (
      <div class="banner banner--info" role="status">
        <Icon name="ticket" />
        <div>
          <p class="banner__title">{t("sale.sold_out_title")}</p>
          <p class="small">{t("sale.sold_out_body")}</p>
        </div>
      </div>
    );
  }
  const left = opens === null ? 0 : opens - desk.now.value;
  return (
    <div class="banner banner--info" role="status">
      <Icon name="clock" />
      <div>
        <p class="banner__title">{t(`sale.${phase}`)}</p>
        <p class="small num">
          {phase === "before" && opens !== null
            ? t("sale.opens_at", { time: new Intl.DateTimeFormat(desk.words.locale, { dateStyle: "medium", timeStyle: "short" }).format(opens) })
            : t(`sale.${phase}_body`)}
          {phase === "before" && left > 0 && left < 3_600_000 && <strong aria-hidden="true"> {countdown(left)}</strong>}
        </p>
      </div>
    </div>
  );
}

export function Toasts({ desk }: { desk: Desk }) {
  return (
    <div class="toasts" aria-hidden="true">
      {desk.notices.value.map((notice) => (
        <p class="toast" key={notice.id}>{notice.text}</p>
      ))}
    </div>
  );
}

/** The page's one voice. */
export function LiveRegion({ desk }: { desk: Desk }) {
  return (
    <p class="visually-hidden" role="status" aria-live="polite">
      {desk.spoken.value}
    </p>
  );
}
