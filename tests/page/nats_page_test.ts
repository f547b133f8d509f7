// The page offers nats where a server answers, and runs the lab over it.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { TextLineStream } from "@std/streams/text-line-stream";
import { natsCommand, NatsServer } from "../nats_server.ts";
import { run, Running, taskArguments } from "../scripts.ts";

const WITHIN_MS = 30_000;
const NOBODY = "nats://127.0.0.1:1";

/** Starts the page; the address goes to standard error. */
function startPage(flags: string[], env: Record<string, string>): Running {
  const script = ["-c", 'exec "$@" >&2', "sh", Deno.execPath()];
  const page = [...taskArguments("page"), "--port=0", ...flags];
  return new Running("sh", [...script, ...page], { env });
}

/** One browser's requests. */
class Visitor {
  readonly #origin: string;
  readonly #headers: Record<string, string>;

  private constructor(origin: string, cookie: string) {
    this.#origin = origin;
    this.#headers = { cookie, origin, "content-type": "application/json" };
  }

  static async of(page: Running): Promise<Visitor> {
    const address = new URL(await page.saw("http://"));
    const first = await fetch(address, { redirect: "manual" });
    await first.body?.cancel();
    const [cookie] = (first.headers.get("set-cookie") ?? "").split(";");
    return new Visitor(address.origin, cookie);
  }

  get port(): string {
    return new URL(this.#origin).port;
  }

  async get(path: string): Promise<Response> {
    const signal = AbortSignal.timeout(WITHIN_MS);
    return await fetch(this.#origin + path, { headers: this.#headers, signal });
  }

  /** @returns The answer's status and text. */
  async post(path: string, body: unknown): Promise<[number, string]> {
    const answer = await fetch(this.#origin + path, {
      method: "POST",
      headers: this.#headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    return [answer.status, await answer.text()];
  }

  /** Reads events until one of them has that text. */
  async saw(text: string): Promise<string[]> {
    const { body } = await this.get("/events");
    assert(body);
    const lines = body.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    const seen: string[] = [];
    for await (const line of lines) {
      seen.push(line);
      if (line.includes(text)) return seen;
    }
    throw new Error(`The events have ended without '${text}'`);
  }
}

const RUN = {
  ...{ via: "nats", wait: "block", count: 3, pause: "0", interval: "0" },
  ...{ retry: "100ms", priorities: "0", capacity: 0, calls: false },
};

Deno.test({
  name: "page: where a server answers, nats is offered and runs",
  ignore: natsCommand === undefined,
  async fn() {
    await using server = await NatsServer.start();
    const env = { NATS_URL: NOBODY }; // --server goes before it
    await using page = startPage([`--server=${server.url}`], env);
    const visitor = await Visitor.of(page);
    const { choices } = await (await visitor.get("/setup")).json();
    assert(choices.via.includes("nats"), choices.via);
    assertEquals(await visitor.post("/run", RUN), [200, "{}"]);
    const seen = await visitor.saw('"Read: 3"');
    assert(seen.some((line) => line.includes('"Read: 1"')), seen.join("\n"));
    assertEquals(await visitor.post("/end", {}), [200, "{}"]);
    const flags = [`--name=page${visitor.port}`, `--server=${server.url}`];
    const { log } = await run("remove", ["--via=nats", ...flags]);
    assertMatch(log, /^INFO:remove:Nothing/); // the page leaves nothing
    page.kill("SIGINT");
    assertEquals((await page.ended()).code, 130);
  },
});

Deno.test({
  name:
    "page: a server that has gone is said in words, and the next run begins",
  ignore: natsCommand === undefined,
  async fn() {
    await using server = await NatsServer.start();
    await using page = startPage([`--server=${server.url}`], {});
    const visitor = await Visitor.of(page);
    assertEquals(await visitor.post("/run", RUN), [200, "{}"]);
    await visitor.saw('"Read: 3"');
    await server.kill();
    const [status, text] = await visitor.post("/remove", {});
    assertEquals(status, 400);
    assertMatch(text, /^Refused: Cannot reach a NATS server/);
    assertEquals(await visitor.post("/run", { ...RUN, via: "fifo" }), [
      200,
      "{}",
    ]);
    await visitor.saw('"part":"producer"');
    page.kill("SIGINT");
    assertEquals((await page.ended()).code, 130);
    assert(!page.lines.some((line) => line.includes("Uncaught")));
  },
});

Deno.test("page: where no server is, nats is not offered, and --server says so", async () => {
  const env = { NATS_URL: NOBODY };
  await using page = startPage([], env);
  const visitor = await Visitor.of(page);
  const { choices } = await (await visitor.get("/setup")).json();
  assert(choices.via.includes("fifo") && !choices.via.includes("nats"));
  const [status, why] = await visitor.post("/run", RUN);
  assertEquals(status, 400);
  assertMatch(why, /^Refused: via must be one of fifo, /);
  await using refused = startPage([`--server=${NOBODY}`], {});
  const { code, log } = await refused.ended();
  assertEquals(code, 1);
  assertMatch(
    log,
    /^ERROR:page:Cannot reach a NATS server at nats:.*deno task/,
  );
});
