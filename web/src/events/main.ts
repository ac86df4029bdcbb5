/** The event page: beside each time at the venue, the viewer's own when they live by another clock. The page is whole without it. */

import "./events.css";
import { viewerTime } from "./viewer_time";

const sentence = document.querySelector<HTMLElement>("[data-viewer-words]")?.dataset.viewerWords ?? "";
for (const place of document.querySelectorAll<HTMLElement>("[data-viewer-time]")) {
  const time = viewerTime(place.dataset.viewerTime!, document.documentElement.lang);
  if (time) place.textContent = sentence.replace("{time}", time);
}
