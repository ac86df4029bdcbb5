/** Where the socket is: ":8001/live" means this page's host at that port, with wss under https. */
export function liveUrl(given: string, page: { protocol: string; hostname: string; host: string }): string {
  const scheme = page.protocol === "https:" ? "wss:" : "ws:";
  if (given.startsWith(":")) return `${scheme}//${page.hostname}${given}`;
  if (given.startsWith("/")) return `${scheme}//${page.host}${given}`;
  return given;
}
