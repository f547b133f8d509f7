// Clients and their server as real processes: every number once, and faults.
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/error.ts";
import { mechanismNamed } from "../mechanisms.ts";
import { NAME } from "../../lib/channel/mod.ts";
import { help } from "../../lib/cli/help.ts";
import { readCommandLine } from "../../lib/cli/command_line.ts";
import { CLIENT, SERVER } from "../../lib/service/flags.ts";
import { range, shell, start } from "../scripts.ts";
import {
  asked,
  assertCode,
  numbersOf,
  request,
  Service,
  VIAS,
} from "./service.ts";

for (const via of VIAS) {
  const ignore = mechanismNamed(via).available() !== true;
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${via}: ${what}`, ignore, fn });

  // Among so many starts eight for one mechanism must do.
  const many = via === "fifo" ? 8 : 4;
  test(`${many} clients at once, and a second server is refused: no number is given twice, none is skipped`, async () => {
    await using service = new Service(via);
    await using server = await service.server("--requests=40");
    const flags = [`--via=${via}`, `--name=${service.name}`];
    await using second = start("server", flags);
    assertEquals(
      await assertCode(second, 1),
      `ERROR:server:Cannot start as another receiver has ${service.object} open: wait for its end, or choose another --name`,
    );
    await using stack = new AsyncDisposableStack();
    const requests = 40 / many;
    const clients = range(1, many).map(() =>
      stack.use(service.client(`--requests=${requests}`, "--count=3"))
    );
    for (const client of clients) await assertCode(client, 0);
    const log = await assertCode(server, 0);
    const numbers = clients.flatMap(numbersOf);
    assertEquals(numbers.toSorted((a, b) => a - b), range(1, 120), log);
    assert(!log.includes("WARNING"), log);
    for (const client of clients) {
      const mine = numbersOf(client); // in the order asked, each its own
      assertEquals(mine, mine.toSorted((a, b) => a - b));
      assertEquals(mine.length, 3 * requests);
    }
    await service.assertNothingLeft();
  });

  test("of four servers started together three are refused", async () => {
    await using service = new Service(via);
    await using stack = new AsyncDisposableStack();
    const flags = [`--via=${via}`, `--name=${service.name}`];
    const servers = range(1, 4).map(() => stack.use(start("server", flags)));
    // One that is refused ends without its Pid.
    const starts = servers.map((server) => server.saw("Pid:"));
    const results = await Promise.allSettled(starts);
    const running = servers.filter((_, i) => results[i].status === "fulfilled");
    assertEquals(running.length, 1);
    for (const server of running) server.kill("SIGINT");
    const ends = await Promise.all(servers.map((server) => server.ended()));
    assertEquals(ends.map(({ code }) => code).sort(), [1, 1, 1, 130]);
    for (const { code, log } of ends) {
      if (code === 1) {
        assertMatch(log, /^ERROR:server:Cannot start as another receiver has /);
      }
    }
    await service.assertNothingLeft();
  });

  test("a client killed before its answer, or before it reads it, disturbs nobody, and leaves nothing", async () => {
    await using service = new Service(via);
    await using server = await service.server();
    server.kill("SIGSTOP");
    await using dead = service.client("--count=5");
    await asked(dead);
    dead.kill("SIGKILL");
    await dead.ended();
    server.kill("SIGCONT");
    const warning = await server.saw("WARNING");
    assertEquals(
      warning,
      `WARNING:server:Nobody reads '${
        service.replyTo(dead)
      }': its client has gone`,
    );
    await using next = service.client("--count=2");
    await assertCode(next, 0);
    assertEquals(numbersOf(next), [1, 2]); // the dead one's range
    await server.saw("Answered 1 to 2"); // it holds no lock any more

    server.kill("SIGSTOP");
    await using deaf = service.client();
    await asked(deaf);
    deaf.kill("SIGSTOP");
    server.kill("SIGCONT");
    await server.saw("Answered 3");
    deaf.kill("SIGKILL");
    await deaf.ended();
    await using last = service.client();
    await assertCode(last, 0);
    assertEquals(numbersOf(last), [4]);
    server.kill("SIGINT");
    await assertCode(server, 130);
    await service.assertNothingLeft();
  });

  test("a client without a server says so in one line: exit 1", async () => {
    await using service = new Service(via);
    await using client = service.client("--timeout=300ms");
    await assertCode(client, 1);
    assertEquals(client.lines.slice(1), [
      `ERROR:client:No server reads '${service.name}' within 0.3 seconds: is its server running? deno task server --via=${via} --name=${service.name}`,
    ]);
    await service.assertNothingLeft();
  });

  test("no answer in time is one clear line: exit 1, and the server goes on", async () => {
    await using service = new Service(via);
    await using server = await service.server();
    server.kill("SIGSTOP");
    await using client = service.client("--timeout=500ms");
    await assertCode(client, 1);
    assertEquals(client.lines.slice(-1), [
      `ERROR:client:No answer to request 1 from '${service.name}' within 0.5 seconds: is its server running? deno task server --via=${via} --name=${service.name}`,
    ]);
    server.kill("SIGCONT");
    await server.saw("its client has gone");
    server.kill("SIGINT");
    await assertCode(server, 130);
    await service.assertNothingLeft();
  });

  test("a client whose server was killed ends in time", async () => {
    await using service = new Service(via);
    await using server = await service.server();
    server.kill("SIGSTOP");
    await using client = service.client("--timeout=1s");
    await asked(client);
    server.kill("SIGKILL");
    assertMatch(await assertCode(client, 1), /ERROR:client:No answer to /);
    await server.ended();
    await using later = await service.server();
    later.kill("SIGINT");
    await assertCode(later, 130);
    await service.assertNothingLeft();
  });

  // The three ways wait in the same code whatever the mechanism.
  for (
    const wait of via === "fifo" ? ["retry", "block", "spin"] : []
  ) {
    test(`SIGINT of either with --wait=${wait}: 130, nothing left`, async () => {
      await using service = new Service(via);
      const flags = [`--wait=${wait}`, "--retry=20ms"];
      await using server = await service.server(...flags);
      await using one = service.client(...flags, "--requests=2");
      await assertCode(one, 0);
      await server.saw("Answered 2"); // it holds no lock any more
      server.kill("SIGSTOP");
      await using two = service.client(...flags);
      await asked(two);
      two.kill("SIGINT");
      await assertCode(two, 130);
      server.kill("SIGCONT");
      await server.saw("its client has gone");
      server.kill("SIGINT");
      await assertCode(server, 130);
      await service.assertNothingLeft();
    });
  }
}

const CANNOT = "WARNING:server:Cannot answer request 1 from shell: ";

Deno.test("bad requests get a WARNING each, and the server goes on", async () => {
  await using service = new Service();
  const { name } = service;
  await using server = await service.server("--requests=1");
  const bad: [request: string, says: string][] = [
    [request("3", {}), `${CANNOT}it has no Reply-To`],
    ["garbage\n\n", "WARNING:server:Cannot read a header as it has a line"],
    [
      request("3", { Type: "response", "Reply-To": `${name}.1` }),
      `${CANNOT}its Type must be request: current value is "response"`,
    ],
    ...[
      `../x`,
      `${name}./../../x`,
      `/tmp/x`,
      "lab",
      name,
      `${name}.${"1".repeat(64)}`,
    ]
      .map((replyTo): [string, string] => [
        request("3", { "Reply-To": replyTo }),
        `${CANNOT}its Reply-To must begin with "${name}." and have at most 64 characters: current value is "${replyTo}"`,
      ]),
    ...["many", "0", "-1", "1e3", "1000001", ""].map((
      body,
    ): [string, string] => [
      request(body, { "Reply-To": `${name}.7` }),
      `${CANNOT}it must ask for 1 to 1000000 numbers: current value is "${body}"`,
    ]),
    [
      request("3", { "Reply-To": `${name}.7` }),
      `WARNING:server:Nobody reads '${name}.7': its client has gone`,
    ],
  ];
  for (const [text, says] of bad) {
    await using writer = shell(`cat > run/${name}.fifo <<'EOF'\n${text}EOF`);
    await assertCode(writer, 0);
    await server.saw(says);
  }
  await using client = service.client();
  await assertCode(client, 0);
  assertEquals(numbersOf(client), [1]);
  await assertCode(server, 0);
  await service.assertNothingLeft();
});

Deno.test("the shell can be a client, and is told what is wrong with its request", async () => {
  await using service = new Service();
  const { name } = service;
  await using server = await service.server();
  for (
    const [body, says, pid] of [["12", "Type: response", 7], [
      "none",
      "Type: error",
      8,
    ]] as const
  ) {
    const text = request(body, { "Reply-To": `${name}.${pid}` });
    await using client = shell(
      `mkfifo run/${name}.${pid}.fifo; cat run/${name}.${pid}.fifo & sleep 0.2
cat > run/${name}.fifo <<'EOF'\n${text}EOF\nwait`,
    );
    await assertCode(client, 0);
    const answer = new TextDecoder().decode(await client.output());
    assert(
      answer.startsWith(`${says}\nFrom: server\nTo: shell\nSeq: 1\n`),
      answer,
    );
    if (body === "12") assert(answer.endsWith("\n\n1\n"), answer);
  }
  server.kill("SIGINT");
  await assertCode(server, 130);
  await service.assertNothingLeft();
});

Deno.test("a client that reads nothing holds the server up for a short while only", async () => {
  await using service = new Service();
  const { name } = service;
  await using server = await service.server();
  const text = request("1", { "Reply-To": `${name}.7` });
  // A FIFO that is open to read, full, and never read.
  await using deaf = shell(
    `mkfifo run/${name}.7.fifo; exec 5<>run/${name}.7.fifo
head -c 65536 /dev/zero >&5; cat > run/${name}.fifo <<'EOF'\n${text}EOF
exec sleep 60`,
  );
  await server.saw(
    `WARNING:server:Nothing more fits into '${name}.7': its client does not read`,
  );
  await using client = service.client();
  await assertCode(client, 0);
  assertEquals(numbersOf(client), [1]);
  deaf.kill("SIGKILL");
  await deaf.ended();
  server.kill("SIGINT");
  await assertCode(server, 130);
  await service.assertNothingLeft();
});

Deno.test("a client ignores an answer to a question that it did not ask", async () => {
  await using service = new Service();
  await using server = await service.server("--requests=1");
  server.kill("SIGSTOP");
  await using client = service.client();
  await asked(client);
  const text = request("666", { Type: "response", Seq: "99" });
  await using writer = shell(
    `cat > run/${service.replyTo(client)}.fifo <<'EOF'\n${text}EOF`,
  );
  await assertCode(writer, 0);
  assertEquals(
    await client.saw("WARNING"),
    'WARNING:client:Ignored a message of Type "response", Seq 99, From "shell": it does not answer request 1',
  );
  server.kill("SIGCONT");
  await assertCode(client, 0);
  assertEquals(numbersOf(client), [1]);
  await assertCode(server, 0);
  await service.assertNothingLeft();
});

Deno.test("a client takes no answer for a number that is none", async () => {
  for (const body of ["", "1e3"]) {
    await using service = new Service();
    await using server = await service.server("--requests=1");
    server.kill("SIGSTOP");
    await using client = service.client();
    await asked(client);
    const text = request(body, { Type: "response", From: "server" });
    await using writer = shell(
      `cat > run/${service.replyTo(client)}.fifo <<'EOF'\n${text}EOF`,
    );
    await assertCode(writer, 0);
    assertEquals(
      await client.saw("ERROR"),
      `ERROR:client:Cannot use the answer to request 1: it must be a number: current value is "${body}"`,
    );
    await assertCode(client, 1);
    server.kill("SIGCONT");
    server.kill("SIGINT");
    await assertCode(server, 130);
    await service.assertNothingLeft();
  }
});

Deno.test("client log and server log read as they should", async () => {
  await using service = new Service();
  await using server = await service.server("--requests=2");
  await using client = service.start("client", [
    ...["--count=3", "--requests=2", "--timeout=30s"],
  ]);
  await assertCode(client, 0);
  await assertCode(server, 0);
  assertEquals(client.lines, [
    `INFO:client:Pid:${client.pid}`,
    "INFO:client:Asking for 3",
    "INFO:client:Got 1 to 3",
    "INFO:client:Asking for 3",
    "INFO:client:Got 4 to 6",
    "INFO:client:Finished client",
  ]);
  assertEquals(server.lines, [
    `INFO:server:Pid:${server.pid}`,
    `INFO:server:Request 1 from client.${client.pid}: 3`,
    "INFO:server:Answered 1 to 3",
    `INFO:server:Request 2 from client.${client.pid}: 3`,
    "INFO:server:Answered 4 to 6",
    "INFO:server:Finished server",
  ]);
});

Deno.test("server and client take their own flags", async () => {
  for (
    const [command, flag] of [
      [SERVER, "--via=pipe"],
      [CLIENT, "--via=workers"],
      [SERVER, "--count=3"],
      [CLIENT, "--count=0"],
      [CLIENT, "--requests=0"],
      [CLIENT, "--name=a/b"],
    ] as const
  ) {
    assertThrows(
      () => readCommandLine(command, [flag]),
      UsageError,
      "Cannot use --",
    );
  }
  for (const task of ["server", "client"] as const) {
    await using script = start(task, ["--via=pipe"]);
    assertMatch(await assertCode(script, 2), /^ERROR:\w+:Cannot use --/);
  }
  assertMatch(help(CLIENT), /--wait=WAY .*\(block\)/);
  assertMatch(
    help(SERVER),
    /--requests=K .* how many requests the server answers/,
  );
  assertMatch(
    help(CLIENT),
    /--requests=K .* how many requests the client makes/,
  );
  assert(!help(SERVER).includes("--timeout"));
  assert(!NAME.test("../x"));
});
