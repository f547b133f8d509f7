// The page in a real Chromium, on real processes.
import { assert, assertEquals } from "@std/assert";
import { leftovers } from "../scripts.ts";
import { CHROMIUM, WHY_SKIPPED } from "./browser.ts";
import { CHOICES, Open } from "./open.ts";

async function eachMechanism(open: Open): Promise<void> {
  const { browser } = open;
  const objects = {
    ...{ fifo: "FIFO", pipe: "pipe", queue: "message queue" },
    ...{ shm: "shared memory", socket: "socket", workers: "workers" },
  };
  for (const [via, kind] of Object.entries(objects)) {
    await open.run({ via, interval: "200ms" });
    await browser.page.waitForSelector(`[data-kind="${kind}"]`);
    if (via !== "workers") await browser.shows("writes", ".ends");
    await browser.shows("Read: 10", ".log");
    await browser.shows("10", ".counters div:nth-child(2) dd");
    const reader = via === "workers" ? "worker 2" : "consumer";
    const log = await browser.text(`[data-part="${reader}"] .log`);
    const read = [...log.matchAll(/INFO:process2:Read: (\d+)/g)];
    assertEquals(read.map(([, value]) => value).join(), "1,2,3,4,5,6,7,8,9,10");
    if (via !== "workers") await browser.shows("last picture", ".object.gone");
  }
}

async function signals(open: Open): Promise<void> {
  const { browser } = open;
  await open.run({ via: "fifo", count: "40000" });
  const consumer = await open.pidOf("consumer");
  const at = `[data-pid="${consumer}"]`;
  await browser.shows("Read: 1", `${at} .log`);
  await browser.press("Stop", at);
  await browser.shows("stopped: SIGCONT continues it", `${at} .why`);
  // Nobody reads: the pipe fills, by the kernel's figure and by the log.
  await browser.shows("Buffer full", '[data-part="producer"] .log');
  await browser.shows("of 65,536 bytes: FULL", ".fill");
  await browser.press("Continue", at);
  await browser.press("kill -9", at);
  await browser.shows("ended: SIGKILL", `${at} .why`);
  await browser.shows("The reader has gone", '[data-part="producer"] .log');
  await browser.press("+ consumer");
  const next = await open.pidOf("consumer");
  assert(next !== consumer, next);
  await browser.shows("Read:", `[data-pid="${next}"] .log`);
  await browser.press("+ producer");
  await browser.shows("Writing", '.process:nth-child(2)[data-part="producer"]');
  await browser.press("End all");
  await browser.shows("ended: SIGKILL", '[data-part="producer"] .why');
}

/** Values are seen moving; and stand still where a user wants that. */
async function moves(open: Open): Promise<void> {
  const { browser } = open;
  const name = "prefers-reduced-motion";
  await browser.page.emulateMediaFeatures([{ name, value: "reduce" }]);
  // What the last run has set moving arrives first.
  await browser.page.waitForFunction("!document.querySelector('.moving')");
  await browser.page.evaluate(`{
    globalThis.moved = new Set();
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const { className, innerText } of addedNodes) {
          if (/moving/.test(className)) moved.add(innerText);
        }
      }
    }).observe(document.body, { childList: true });
  }`);
  const run = { via: "fifo", wait: "block", interval: "500ms", count: "3" };
  await open.run({ ...run, via: "socket" });
  await browser.shows("Read: 3", ".log");
  assertEquals(await browser.page.evaluate("[...moved]"), []);
  await browser.page.emulateMediaFeatures([]);
  await open.run(run);
  await browser.page.waitForFunction("[...moved].join() === '1,2,3'");
  // They all arrive: none stays on its way.
  await browser.page.waitForFunction("!document.querySelector('.moving')");
}

async function priorities(open: Open): Promise<void> {
  const { browser } = open;
  // Slowly, so that the consumer leaves nothing before it is stopped.
  const slowly = { count: "60", interval: "100ms" };
  await open.run({ via: "queue", priorities: "0,5,9", ...slowly });
  const consumer = `[data-pid="${await open.pidOf("consumer")}"]`;
  await browser.shows("Read: ", `${consumer} .log`);
  await browser.press("Stop", consumer);
  await browser.shows("10 of 10 messages: FULL", ".fill");
  await browser.shows("1 of them waits to get in", ".by");
  const text = await browser.text(".boxes");
  const boxes = [...text.matchAll(/p\d/g)].map(([priority]) => priority);
  assertEquals(boxes, boxes.toSorted().reverse());
  assert(boxes.includes("p9"), boxes.join());
}

async function steps(open: Open): Promise<void> {
  const { browser } = open;
  await open.run({ via: "queue", interval: "5s" });
  const producer = `[data-pid="${await open.pidOf("producer")}"]`;
  await browser.shows("Read: 1", ".log");
  await browser.press("Step", producer);
  await browser.press("Ctrl-C", producer);
  await browser.shows("ended: exit code 130", `${producer} .why`);
  await open.run({ via: "pipe", interval: "5s" });
  await browser.press("+ consumer");
  await browser.shows("a pipe has no name", ".error");
}

async function race({ browser }: Open): Promise<void> {
  await browser.page.select("label:has(option) select:not([name])", "none");
  await browser.shows("updates lost", ".fill");
  await browser.page.waitForFunction(
    'Number(document.querySelector(".fill").innerText.replace(/\\D.*/s, "")) > 0 ||' +
      " /finished/.test(document.body.innerText)",
  );
  await browser.press("kill -9", '[data-part="writer"]');
  await browser.shows("SIGKILL", '[data-part="writer"] .why');
  await browser.press("End all");
}

/** Narrow: nothing is wider than the window. By keyboard: Run is reached. */
async function narrowAndKeyboard(open: Open): Promise<void> {
  const { page } = open.browser;
  await page.setViewport({ width: 400, height: 800 });
  // A value may still move to where a card stood in a wide window.
  await page.evaluate(`{
    const chip = document.createElement("span");
    Object.assign(chip, { className: "value moving", textContent: "7" });
    chip.style.transform = "translate(900px, 0)";
    document.body.append(chip);
    setTimeout(() => chip.remove(), 2000);
  }`);
  const width = await page.evaluate("document.documentElement.scrollWidth");
  assert(Number(width) <= 400, `${width} pixels`);
  await page.setViewport({ width: 1024, height: 768 });
  await page.evaluate("document.activeElement.blur()");
  const focused = async () =>
    await page.evaluate("document.activeElement.innerText");
  for (let i = 0; i < 20 && await focused() !== "Run"; i++) {
    await page.keyboard.press("Tab");
  }
  assertEquals(await focused(), "Run");
  await open.browser.choose({ ...CHOICES, via: "fifo", count: "2" });
  await page.keyboard.press("Enter");
  await open.browser.shows("Read: 2", ".log");
}

/** Another site's page, in the same browser, with the cookie in its jar. */
async function hostile(open: Open): Promise<void> {
  const evil = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response("<h1>evil</h1>", {
        headers: { "content-type": "text/html" },
      }),
  );
  const page = await open.browser.browser.newPage();
  const [before] = open.server.events.entries;
  try {
    for (const host of ["127.0.0.1", "evil.example"]) {
      await page.goto(`http://${host}:${evil.addr.port}/`);
      const got = await page.evaluate(ATTACK, open.address.origin);
      assertEquals(got, {
        ...{ simple: "refused", json: "refused", events: "refused" },
        ...{ script: "refused", style: "refused" },
      }, host);
    }
    const rebound = await page.goto(
      `http://evil.example:${open.address.port}/`,
    );
    assertEquals(rebound?.status(), 403);
  } finally {
    await page.close();
    await evil.shutdown();
  }
  assert(open.server.events.entries[0] === before, "nothing was started");
}

/** What a hostile page tries; it runs in the browser. */
const ATTACK = async (origin: string) => {
  const body = '{"via":"fifo"}';
  const post = (type: string, mode?: "no-cors") =>
    fetch(`${origin}/end`, {
      ...{ method: "POST", mode, credentials: "include", body },
      headers: { "content-type": type },
    }).then((answer) => answer.type, () => "refused");
  const load = (tag: string, field: string, path: string) =>
    new Promise<string>((resolve) => {
      // deno-lint-ignore no-explicit-any -- Deno has no types for a document
      const { document } = globalThis as any;
      const element = document.createElement(tag);
      element[field] = origin + path;
      if (tag === "link") element.rel = "stylesheet";
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("refused");
      document.body.append(element);
    });
  return {
    simple: await post("text/plain", "no-cors"),
    json: await post("application/json"),
    events: await new Promise<string>((resolve) => {
      const source = new EventSource(`${origin}/events`);
      source.onopen = () => resolve("open");
      source.onerror = () => resolve("refused");
    }),
    script: await load("script", "src", "/page/page.js"),
    style: await load("link", "href", "/page.css"),
  };
};

Deno.test({
  name: `the page in Chromium${WHY_SKIPPED}`,
  ignore: CHROMIUM === undefined,
  sanitizeResources: false, // puppeteer keeps its sockets for a moment
  sanitizeOps: false,
  async fn(test) {
    const port = await walkThrough(test);
    assertEquals(leftovers(`page${port}`), []);
  },
});

/** All steps in one browser. @returns The server's port; it has ended. */
async function walkThrough(test: Deno.TestContext): Promise<string> {
  await using open = await Open.page();
  const parts = {
    "six mechanisms run to the end, as the sheet has it": eachMechanism,
    "stop fills the pipe, kill -9, another consumer and producer": signals,
    "step, Ctrl-C, and why a pipe takes no third process": steps,
    "values move from write to read": moves,
    "a queue is drawn in the order of its priorities": priorities,
    "the race loses updates while one looks": race,
    "400 pixels are enough, and so is a keyboard": narrowAndKeyboard,
    "a hostile page gets nothing and starts nothing": hostile,
  };
  for (const [name, step] of Object.entries(parts)) {
    await test.step(name, () => step(open));
  }
  // The browser itself says that it was refused.
  const expected = /Failed to load resource/;
  const problems = open.browser.problems.filter((text) => !expected.test(text));
  assertEquals(problems, [], "the console has no error");
  return open.address.port;
}
