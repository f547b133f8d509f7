// The guard, by requests as curl and a hostile page would send them.
import { assert, assertEquals } from "@std/assert";
import { refuseStranger } from "../../lib/page/guard.ts";
import { PageServer } from "../../lib/page/server.ts";
import { MOST_CLIENTS } from "../../lib/page/events.ts";

const JSON_TYPE = { "content-type": "application/json" };
const RUN = JSON.stringify({
  ...{ via: "fifo", wait: "retry", count: 3, pause: "0", interval: "0" },
  ...{ retry: "1s", priorities: "0", capacity: 0 },
});

/** A request with every header as given: fetch() would set Host by itself. */
async function send(
  port: number,
  { method = "GET", path = "/", headers = {}, body = "" }: {
    method?: string;
    path?: string;
    headers?: Record<string, string>;
    body?: string;
  },
): Promise<{ status: number; text: string }> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const all = {
    host: `127.0.0.1:${port}`,
    connection: "close",
    "content-length": `${new TextEncoder().encode(body).length}`,
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const request = `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request + body));
  const text = await new Response(connection.readable).text();
  return { status: Number(text.split(" ")[1]), text };
}

/** A server, and the cookie that its printed address gives. */
async function open() {
  const server = new PageServer();
  const address = new URL(await server.listen(0));
  const port = Number(address.port);
  const { text } = await send(port, { path: `/${address.search}` });
  const cookie = /set-cookie: ([^;\r]*)/i.exec(text)?.[1] ?? "";
  return { server, port, cookie, first: text, address };
}

Deno.test("the printed address gives a cookie that scripts and other sites lack", async () => {
  const { server, first, address } = await open();
  await using _server = server;
  assertEquals(address.hostname, "127.0.0.1");
  assert(/^HTTP\/1.1 303/.test(first), first);
  assert(/location: \/\r/i.test(first), first);
  assert(/set-cookie: .*; HttpOnly; SameSite=Strict; Path=\/\r/i.test(first));
  assert(!/\b0\.0\.0\.0/.test(address.href));
});

Deno.test("a browser leaves the port 80 out of Host and Origin", () => {
  const guard = { port: 80, token: "", scriptHash: "" };
  const headers = { host: "127.0.0.1", origin: "http://127.0.0.1" };
  const request = new Request("http://127.0.0.1/", { headers });
  assertEquals(refuseStranger(request, guard), undefined);
});

Deno.test("the guard refuses every stranger, and lets the page in", async () => {
  const { server, port, cookie } = await open();
  await using _server = server;
  const origin = `http://127.0.0.1:${port}`;
  const post = { method: "POST", path: "/end", body: "{}" };
  const good = { cookie, origin, ...JSON_TYPE };
  const cases: [name: string, Parameters<typeof send>[1], status: number][] = [
    ["the page", { headers: { cookie } }, 200],
    ["no cookie", {}, 401],
    ["another cookie", { headers: { cookie: cookie + "0" } }, 401],
    ["a wrong token", { path: "/?token=0123" }, 401],
    [
      "a rebound name",
      { headers: { cookie, host: `evil.example:${port}` } },
      403,
    ],
    ["another port's name", { headers: { cookie, host: "127.0.0.1:1" } }, 403],
    [
      "another origin",
      { headers: { cookie, origin: "http://evil.example" } },
      403,
    ],
    ["another port's origin", {
      headers: { cookie, origin: `http://127.0.0.1:${port + 1}` },
    }, 403],
    ["origin null", { headers: { cookie, origin: "null" } }, 403],
    [
      "cross-site",
      { headers: { cookie, "sec-fetch-site": "cross-site" } },
      403,
    ],
    ["same-site, another port", {
      headers: { cookie, "sec-fetch-site": "same-site" },
    }, 403],
    ["a good POST", { ...post, headers: good }, 200],
    [
      "POST without cookie",
      { ...post, headers: { origin, ...JSON_TYPE } },
      401,
    ],
    [
      "POST without origin",
      { ...post, headers: { cookie, ...JSON_TYPE } },
      403,
    ],
    ["a form", {
      ...post,
      headers: { ...good, "content-type": "application/x-www-form-urlencoded" },
    }, 415],
    ["plain text", {
      ...post,
      headers: { ...good, "content-type": "text/plain" },
    }, 415],
    ["no JSON", { ...post, body: "{", headers: good }, 400],
    ["an array of nothing", { ...post, body: "null", headers: good }, 400],
    ["too long", {
      ...post,
      body: `{"a":"${"x".repeat(3000)}"}`,
      headers: good,
    }, 413],
    ["PUT", { ...post, method: "PUT", headers: good }, 405],
    ["a file of ours", { path: "/deno.json", headers: { cookie } }, 404],
    ["a way up", { path: "/../../etc/passwd", headers: { cookie } }, 404],
  ];
  for (const [name, request, status] of cases) {
    const answer = await send(port, request);
    assertEquals(answer.status, status, `${name}: ${answer.text}`);
    for (
      const header of ["content-security-policy: default-src 'none'", "nosniff"]
    ) {
      assert(answer.text.includes(header), `${name}: ${answer.text}`);
    }
  }
  assertEquals(server.events.entries.length, 0, "nothing has run");
});

Deno.test("values come from fixed lists, and signals reach own children alone", async () => {
  const { server, port, cookie } = await open();
  await using _server = server;
  const headers = { cookie, origin: `http://127.0.0.1:${port}`, ...JSON_TYPE };
  const cases: [path: string, body: unknown, says: string][] = [
    ["/run", { ...JSON.parse(RUN), via: "fifo; id" }, "via must be one of"],
    ["/run", { ...JSON.parse(RUN), via: "nats" }, "via must be one of"],
    ["/run", { ...JSON.parse(RUN), pause: "$(id)" }, "pause must be one of"],
    [
      "/run",
      { ...JSON.parse(RUN), count: "3" },
      "count must be a whole number",
    ],
    [
      "/run",
      { ...JSON.parse(RUN), count: 1e9 },
      "count must be a whole number",
    ],
    ["/run", { ...JSON.parse(RUN), capacity: -1 }, "capacity must be"],
    [
      "/run",
      { ...JSON.parse(RUN), priorities: "1 --quiet" },
      "priorities must be one of",
    ],
    ["/race", { lock: "--help" }, "lock must be one of"],
    ["/signal", { pid: Deno.pid, signal: "SIGKILL" }, "no such process"],
    ["/signal", { pid: 1, signal: "SIGTERM" }, "no such process"],
    ["/signal", { pid: -1, signal: "SIGKILL" }, "no such process"],
    ["/signal", { pid: 1, signal: "SIGUSR1" }, "signal must be one of"],
    ["/control", { pid: 1, word: "step" }, "no such producer"],
    [
      "/control",
      { pid: 1, word: "pause", duration: "1s\nstep" },
      "word must be",
    ],
    ["/another", { part: "shell" }, "part must be"],
    ["/another", { part: "producer" }, "start a run first"],
    ["/nothing", {}, "no such request"],
  ];
  for (const [path, value, says] of cases) {
    const body = JSON.stringify(value);
    const { status, text } = await send(port, {
      method: "POST",
      path,
      headers,
      body,
    });
    assertEquals(status, 400, `${path} ${body}: ${text}`);
    assert(text.includes(says), text);
  }
});

Deno.test("windows are bounded, and so is what is kept", async () => {
  const { server, port, cookie } = await open();
  await using _server = server;
  const listen = () =>
    fetch(`http://127.0.0.1:${port}/events`, { headers: { cookie } });
  const all = await Promise.all(Array.from({ length: MOST_CLIENTS }, listen));
  assertEquals(all.map(({ status }) => status), all.map(() => 200));
  const more = await listen();
  assertEquals(more.status, 503);
  await Promise.all([...all, more].map(({ body }) => body?.cancel()));
  server.events.restart("many");
  const time = new Date().toISOString();
  const line = { time, level: "INFO", logger: "a", pid: 1 };
  for (let i = 0; i < 21_000; i++) {
    server.events.add({ ...line, message: "x".repeat(5000) });
  }
  const { entries } = server.events;
  assert(entries.length <= 20_000, `${entries.length}`);
  assertEquals(entries[0].event, "recording");
  assert(
    entries.every((entry) =>
      !("message" in entry) || entry.message.length <= 2000
    ),
  );
});
