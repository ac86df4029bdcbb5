/** What a person does here, as requests. A refusal is its code; no connection is the code "offline". */

import { holderKey, publicPoint, sign } from "./holder";
import type { Mine, RoomFacts } from "./facts";
import { solve } from "./solve";

export interface Refused {
  code: string;
  retryMs: number;
}

export type Answer<T> = { done: T } | Refused;

export interface JoinForm {
  email: string;
  email_code: string;
  access_code: string;
  subject: string;
  again: string;
}

const CHALLENGES = 3;

async function call<T>(address: string, body?: unknown): Promise<Answer<T>> {
  try {
    const answer = await fetch(address, {
      cache: "no-store",
      credentials: "same-origin",
      ...(body !== undefined && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const json = answer.status === 204 ? {} : ((await answer.json()) as Record<string, unknown>);
    return answer.ok ? { done: json as T } : { code: String(json.code), retryMs: Number(json.retry_after_ms ?? 0) };
  } catch {
    return { code: "offline", retryMs: 2_000 };
  }
}

export type Deeds = ReturnType<typeof deedsOf>;

export function deedsOf(api: string, { room, to, work: elsewhere }: RoomFacts, openedMs: number) {
  /** What the door asks for before it lets one join: nothing, or the work done. Work that failed is for the door to refuse, in words. */
  const work = async () => {
    const asked = await call<{ challenge: Parameters<typeof solve>[0] | null }>(`${api}/challenge`);
    return "done" in asked && asked.done.challenge ? solve(asked.done.challenge, elsewhere).catch(() => undefined) : undefined;
  };

  return {
    mine: () => call<Mine>(`${api}/places/mine`),

    /** Take a place: the key of this browser, the work the door asks for, the identity of the form. */
    async join({ email, email_code, access_code, subject, again }: JoinForm): Promise<Answer<Mine | { needs: string }>> {
      const pair = await holderKey(true);
      const wish = {
        method: access_code ? "code" : email ? "email" : "device",
        key: pair ? await publicPoint(pair) : undefined,
        email: email || undefined,
        email_code: email_code || undefined,
        access_code: access_code || undefined,
        hints: { trap: { subject, again }, filled_ms: Math.round(performance.now() - openedMs) },
      };
      let answer: Answer<Mine | { needs: string }>;
      let round = 0;
      do answer = await call(`${api}/places`, { ...wish, challenge: email_code ? undefined : await work() });
      while ("code" in answer && /^challenge_/.test(answer.code) && ++round < CHALLENGES);
      return answer;
    },

    /** Go in: only who holds the key can. */
    async claim(): Promise<Answer<{ go: string; expires_at_ms: number }>> {
      const asked = await call<{ nonce: string }>(`${api}/nonce`);
      if ("code" in asked) return asked;
      const { nonce } = asked.done;
      const pair = await holderKey(false);
      const proof = pair && { key: await publicPoint(pair), signature: await sign(pair, `frontrow claim v1\n${room}\n${nonce}`) };
      return call(`${api}/claim`, { nonce, ...proof, to: to ?? undefined });
    },

    leave: () => call(`${api}/leave`, {}),
    notify: (email: string) => call(`${api}/notify`, { email }),
    contest: (text: string) => call(`${api}/contest`, { text }),
  };
}
