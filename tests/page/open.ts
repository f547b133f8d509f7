/**
 * A server of the page, open in a real Chromium.
 *
 * @module
 */
import { PageServer } from "../../lib/page/server.ts";
import { TestBrowser } from "./browser.ts";

/** How long (ms) a test may take. */
const WITHIN_MS = 150_000;

/** What a run is like, if its test does not say otherwise. */
export const CHOICES = {
  ...{ wait: "retry", count: "10", pause: "0", interval: "0", retry: "100ms" },
  ...{ priorities: "0", capacity: "0" },
};

/** One server and one browser for the steps of a test. */
export class Open implements AsyncDisposable {
  readonly server: PageServer;
  readonly browser: TestBrowser;
  readonly address: URL;

  private constructor(server: PageServer, browser: TestBrowser, address: URL) {
    this.server = server;
    this.browser = browser;
    this.address = address;
  }

  /** Opens the page. */
  static async page(): Promise<Open> {
    const server = new PageServer();
    try {
      const address = new URL(await server.listen(0));
      const browser = await TestBrowser.open(WITHIN_MS);
      await browser.page.goto(address.href);
      await browser.shows("mechanism");
      return new Open(server, browser, address);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Presses Run, with these choices. */
  async run(choices: Record<string, string>): Promise<void> {
    await this.browser.choose({ ...CHOICES, ...choices });
    await this.browser.press("Run");
    // The last run's picture goes with the first entry of the new one.
    await this.browser.shows(`--via=${choices.via}`, ".title");
  }

  /** The Pid of a running process. */
  async pidOf(part: string): Promise<string> {
    const selector = `[data-part="${part}"]:not(.over)`;
    await this.browser.page.waitForSelector(selector);
    return await this.browser.page.$eval(
      selector,
      (element) => element.getAttribute("data-pid") ?? "",
    );
  }

  async [Symbol.asyncDispose]() {
    try {
      await this.browser[Symbol.asyncDispose]();
    } finally {
      await this.server[Symbol.asyncDispose]();
    }
  }
}
