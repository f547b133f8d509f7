// Makes the pictures of docs/page.md anew: deno task screenshots
import { PageServer } from "../../lib/page/server.ts";
import { TestBrowser } from "./browser.ts";

if (Deno.args.length > 0) {
  const text = "Usage: deno task screenshots, which overwrites docs/page-*.png";
  Deno.stderr.writeSync(new TextEncoder().encode(text + "\n"));
  Deno.exit(Deno.args[0] === "--help" ? 0 : 2);
}

const WITHIN_MS = 90_000;
const DOCS = new URL("../../docs/", import.meta.url);

await using server = new PageServer();
const address = await server.listen(0);
await using browser = await TestBrowser.open(WITHIN_MS);
// A picture of a movement would be blurred.
const still = { name: "prefers-reduced-motion", value: "reduce" };
await browser.page.emulateMediaFeatures([still]);
await browser.page.goto(address);
await browser.shows("mechanism");

async function picture(name: string): Promise<void> {
  const bytes = await browser.page.screenshot({ optimizeForSpeed: false });
  Deno.writeFileSync(new URL(name, DOCS), bytes);
}

const choices = { via: "fifo", pause: "0", interval: "0", retry: "1s" };

await browser.choose({ ...choices, count: "40000" });
await browser.press("Run");
await browser.shows("Read:", '[data-part="consumer"] .log');
await browser.press("Stop", '[data-part="consumer"]');
await browser.shows("stopped", '[data-part="consumer"] .why');
await browser.shows("Buffer full", '[data-part="producer"] .log');
await browser.shows("FULL", ".fill"); // the kernel's figure of the next look
await browser.page.waitForFunction("!document.querySelector('.moving')");
await picture("page-full.png");

await browser.page.select("label:has(option) select:not([name])", "none");
await browser.page.waitForFunction(
  'Number((document.querySelector(".fill")?.innerText ?? "")' +
    '.replace(/ .*/s, "").replaceAll(",", "")) > 1_000_000',
);
await browser.shows("running", '[data-part="writer"] .why');
await picture("page-race.png");

await browser.choose({
  ...choices,
  via: "queue",
  interval: "100ms",
  retry: "200ms",
  priorities: "0,5,9",
  count: "30",
});
await browser.press("Run");
await browser.shows("Read: 3", ".log");
await browser.press("Stop", '[data-part="consumer"]');
// The producer tries again and again, long enough to be found in the recording.
await browser.page.waitForFunction(
  "document.body.innerText.split('Buffer full').length > 6",
);
await browser.press("Continue", '[data-part="consumer"]');
await browser.shows("ended: exit code 0", '[data-part="consumer"] .why');
await browser.press("Replay");
await browser.shows("Pause", ".player");
await browser.press("Pause");
// To the moment when the queue was full.
await browser.page.waitForFunction(`(() => {
  const slider = document.querySelector(".player input[type=range]");
  slider.value = Number(slider.value) + 1;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const text = document.querySelector(".object")?.innerText;
  return text?.includes("FULL") && text.includes("waits to get in");
})()`);
await browser.shows("Play", ".player");
await picture("page-replay.png");
