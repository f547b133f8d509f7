// Peers that stop in the middle, or do not read: the others do not wait for them.
import { assert, assertEquals } from "@std/assert";
import { range, shell } from "../scripts.ts";
import { asked, assertCode, numbersOf, request, Service } from "./service.ts";

const LONG = request("1", { "Content-Length": "1048576" });

/** Ways to stop within a request, and what the server makes of each. */
const UNFINISHED: [what: string, text: string][] = [
  ["before the body of a MiB", LONG.slice(0, LONG.indexOf("\n\n") + 2)],
  ["in the body of a MiB", `${LONG.trimEnd()}${"1".repeat(10)}\n`],
  ["before a short body", request("", { "Content-Length": "8" }).trimEnd()],
  ["after a line of the header", "Type: request\n"],
];

for (const [what, text] of UNFINISHED) {
  Deno.test(`a writer that stops ${what} and keeps the FIFO does not hold up the others`, async () => {
    await using service = new Service();
    await using server = await service.server();
    await using writer = shell(
      `exec 5> run/${service.name}.fifo; cat >&5 <<'EOF'\n${text}\nEOF
echo written >&2; exec sleep 60`,
    );
    await writer.saw("written");
    for (const number of range(1, 2)) {
      await using client = service.client("--timeout=5s");
      const log = await assertCode(client, 0);
      assertEquals(numbersOf(client), [number], log);
    }
    server.kill("SIGINT");
    await assertCode(server, 130);
  });
}

Deno.test("six clients that read nothing do not hold up one that reads", async () => {
  await using service = new Service();
  const { name } = service;
  await using server = await service.server();
  server.kill("SIGSTOP");
  const fifos = range(3, 8).map((fd) => ({
    fd,
    path: `run/${name}.${fd}.fifo`,
  }));
  const requests = range(3, 8).map((fd) =>
    request("1", { "Reply-To": `${name}.${fd}`, Seq: String(fd) })
  );
  // FIFOs that are open to read, full, and never read.
  await using deaf = shell(
    `${
      fifos.map(({ fd, path }) =>
        `mkfifo ${path}; exec ${fd}<>${path}; head -c 65536 /dev/zero >&${fd}\n`
      ).join("")
    }cat > run/${name}.fifo <<'EOF'\n${requests.join("")}EOF
echo asked >&2; exec sleep 60`,
  );
  await deaf.saw("asked");
  await using client = service.client();
  await asked(client);
  server.kill("SIGCONT");
  await assertCode(client, 0);
  await server.saw("does not read", 6);
  const { lines } = server;
  const answered = lines.findIndex((line) => line.includes("Answered"));
  const gaveUp = lines.findIndex((line) => line.includes("does not read"));
  assert(answered < gaveUp, lines.join("\n"));
  server.kill("SIGINT");
  await assertCode(server, 130);
});
