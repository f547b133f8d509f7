/**
 * A real Chromium, ended with its whole family whatever happens.
 *
 * @module
 */
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import type { TestElement } from "./element.ts";
import { descendantsOf } from "../../lib/observe/processes.ts";

declare const document: TestElement; // in the page

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

/** Where Chromium is; `undefined`: it is not installed. */
export const CHROMIUM: string | undefined = PATHS.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
});

/** What stands in the name of a test that needs it and is skipped. */
export const WHY_SKIPPED = CHROMIUM === undefined
  ? " (skipped: no /usr/bin/chromium)"
  : "";

/** How long (ms) anything in the browser may take. */
const WITHIN_MS = 20_000;

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage", // /dev/shm belongs to the channels
  "--host-resolver-rules=MAP evil.example 127.0.0.1",
];

/** A browser with one window. */
export class TestBrowser implements AsyncDisposable {
  readonly browser: Browser;
  readonly page: Page;
  /** What the console said that is no plain log. */
  readonly problems: string[] = [];
  readonly #folder: string;
  readonly #bound: ReturnType<typeof setTimeout>;

  private constructor(
    browser: Browser,
    page: Page,
    folder: string,
    ms: number,
  ) {
    this.browser = browser;
    this.page = page;
    this.#folder = folder;
    this.#bound = setTimeout(() => this.#kill(), ms);
    page.on("console", (message) => {
      if (message.type() === "log") return;
      this.problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.problems.push(`${error}`));
  }

  /** @param withinMs After that, it is ended in any case. */
  static async open(withinMs: number): Promise<TestBrowser> {
    const folder = Deno.makeTempDirSync({ prefix: "ipc-lab-chromium-" });
    const root = Deno.uid() === 0 ? ["--no-sandbox"] : [];
    const browser = await puppeteer.launch({
      executablePath: CHROMIUM,
      args: [...FLAGS, ...root],
      userDataDir: folder,
      timeout: WITHIN_MS,
      protocolTimeout: WITHIN_MS,
    });
    const page = await browser.newPage();
    page.setDefaultTimeout(WITHIN_MS);
    await page.setViewport({ width: 1024, height: 768 });
    return new TestBrowser(browser, page, folder, withinMs);
  }

  /** Waits until the page shows that text. */
  async shows(text: string, within = "body"): Promise<void> {
    try {
      await this.page.waitForFunction(
        (text, within) =>
          Array.from(document.querySelectorAll(within))
            .some(({ innerText }) => innerText.includes(text)),
        { timeout: WITHIN_MS, polling: 50 },
        text,
        within,
      );
    } catch (error) {
      const shown = await this.text();
      throw new Error(`The page does not show '${text}':\n${shown}`, {
        cause: error,
      });
    }
  }

  /** All text of an element. */
  async text(selector = "body"): Promise<string> {
    return await this.page.$eval(
      selector,
      (element) => (element as unknown as TestElement).innerText,
    );
  }

  /** Presses a button by its words. @param within Such as `[data-pid="7"]`. */
  async press(words: string, within = "body"): Promise<void> {
    const pressed = await this.page.evaluate(
      (words, within) => {
        const buttons = document.querySelectorAll(
          `${within} button, ${within} a`,
        );
        const button = Array.from(buttons).find(({ innerText }) =>
          innerText.trim() === words
        );
        button?.click();
        return button !== undefined;
      },
      words,
      within,
    );
    if (!pressed) throw new Error(`No button '${words}' in ${within}`);
  }

  /** Chooses in the form. */
  async choose(values: Record<string, string>): Promise<void> {
    for (const [name, value] of Object.entries(values)) {
      await this.page.$eval(
        `[name="${name}"]`,
        (field, value) => {
          (field as unknown as TestElement).value = value;
        },
        value,
      );
    }
  }

  #kill() {
    const pid = this.browser.process()?.pid;
    if (pid === undefined) return;
    for (const each of [...descendantsOf(pid), pid]) {
      try {
        Deno.kill(each, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // it ended
      }
    }
  }

  async [Symbol.asyncDispose]() {
    clearTimeout(this.#bound);
    const child = this.browser.process();
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    const running = child?.exitCode === null && child.signalCode === null;
    this.#kill();
    if (running) await ended;
    await this.browser.disconnect();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
