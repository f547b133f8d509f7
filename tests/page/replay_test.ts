// The player of the page, in a real Chromium.
import { assert, assertEquals } from "@std/assert";
import type { KeyInput } from "puppeteer-core";
import { CHROMIUM, type TestBrowser, WHY_SKIPPED } from "./browser.ts";
import { Open } from "./open.ts";

async function replay(open: Open): Promise<void> {
  const { browser } = open;
  await open.run({ via: "fifo", count: "3" });
  await browser.shows("Read: 3", ".log");
  await browser.shows("ended: exit code 0", '[data-part="consumer"] .why');
  await browser.press("Replay");
  await browser.shows("(recorded)", ".title");
  await browser.shows("Pause", ".player");
  await browser.page.click(".player button");
  await browser.shows("Play", ".player"); // by now, the moment is drawn, too
  await playerKeys(browser);
  // Standalone: the same page in one file, without a server.
  const { cookie } = await cookieOf(open);
  const { origin } = open.address;
  const answer = await fetch(`${origin}/recording.html`, {
    headers: { cookie },
  });
  const file = Deno.makeTempFileSync({ suffix: ".html" });
  const page = await browser.browser.newPage();
  try {
    Deno.writeTextFileSync(file, await answer.text());
    page.on("pageerror", (error) => browser.problems.push(`file: ${error}`));
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`file://${file}`);
    await page.waitForFunction(
      'document.body.innerText.includes("INFO:process2:Read: 3")',
    );
    assertEquals(asked.filter((url) => url.startsWith("http")), []);
  } finally {
    await page.close();
    Deno.removeSync(file);
  }
  await browser.press("Live");
  await browser.shows("mechanism");
}

/** The keys work wherever the steps of a lecture leave the focus. */
async function playerKeys(browser: TestBrowser): Promise<void> {
  const { page } = browser;
  const press = async (...keys: KeyInput[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const isAt = (moment: number) =>
    browser.shows(`, ${moment} of`, ".player output");
  await page.focus(".player input");
  await press("Home", "ArrowRight");
  await isAt(2);
  // The speed is chosen, and keeps the focus: it is 0.25 from then on.
  await page.focus(".player select");
  await press("ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowLeft");
  await isAt(3);
  await press("Space");
  await browser.shows("Pause", ".player");
  await press("Space");
  await browser.shows("Play", ".player");
  const speed = await page.$eval(".player select", ({ value }) => value);
  assertEquals(speed, "0.25");
  // A line is clicked: the mouse leaves the keys to the player.
  await page.focus(".player input");
  await press("End");
  await browser.shows("Read: 3", ".log");
  await page.click('[data-part="consumer"] .line');
  await page.waitForFunction("document.activeElement === document.body");
  await page.waitForFunction("!document.body.innerText.includes('Read: 3')");
  const moment = Number(
    (await browser.text(".player output")).split(/[ ,]+/)[2],
  );
  // A button that the keyboard has reached needs its Space.
  await page.focus(".player button:nth-of-type(2)");
  await press("ArrowRight", "ArrowRight", "Space");
  await isAt(moment + 1);
  await browser.shows("Play", ".player");
}

/** More lines than are kept, faster than a browser's timers come. */
async function longRun(open: Open): Promise<void> {
  const { browser, server: { events } } = open;
  const time = (ms: number) => new Date(Date.now() + ms).toISOString();
  events.restart("long");
  const process = { pid: 1, logger: "process1", part: "producer" };
  events.add({ time: time(0), event: "process", ...process, command: "long" });
  for (let value = 1; value <= 30_000; value++) {
    events.add({
      ...{ time: time(value / 10), level: "INFO", logger: "process1", pid: 1 },
      ...{ message: `Writing ${value}`, event: "write", value: `${value}` },
    });
  }
  await browser.shows("Writing 30000", ".log");
  // A line's moment is its own: no later line is there.
  await browser.page.evaluate(
    "[...document.querySelectorAll('.line')].at(-3).click()",
  );
  await browser.shows("lines and looks are left out", ".note");
  const log = await browser.text(".log");
  assertEquals(log.trim().split(" ").at(-1), "29998");
  await browser.press("Live");
  await browser.shows("mechanism");
  await browser.press("Replay");
  await browser.shows("(recorded)", ".title");
  const entries = (await browser.text(".player output")).split(" ").at(-1);
  assert(Number(entries) <= 21_000, entries);
  // 2 s of log: with a timer for each of its lines, it took 80 s.
  await browser.page.select(".player select", "5");
  await browser.shows(`${entries} of ${entries}`, ".player output");
  await browser.shows("Play", ".player");
  await browser.shows("Writing 30000", ".log");
  await browser.press("Live");
  await browser.shows("mechanism");
}

async function cookieOf({ browser }: Open): Promise<{ cookie: string }> {
  const [cookie] = await browser.browser.cookies();
  assert(
    cookie.httpOnly && cookie.sameSite === "Strict",
    JSON.stringify(cookie),
  );
  return { cookie: `${cookie.name}=${cookie.value}` };
}

Deno.test({
  name: `the player in Chromium${WHY_SKIPPED}`,
  ignore: CHROMIUM === undefined,
  sanitizeResources: false, // puppeteer keeps its sockets for a moment
  sanitizeOps: false,
  async fn(test) {
    await using open = await Open.page();
    await test.step("replay by keys, and one standalone file", () =>
      replay(open));
    await test.step(
      "a long run is replayed to its end, in its own time",
      () => longRun(open),
    );
    assertEquals(open.browser.problems, [], "the console has no error");
  },
});
