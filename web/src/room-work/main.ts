/** The worker around the search: a page on plain http starts it and posts what is asked. */
import type { Asked } from "../room/solve";
import { search } from "./search";

addEventListener("message", ({ data }: MessageEvent<Asked>) => postMessage(search(data)));
