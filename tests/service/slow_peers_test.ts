// Peers that stop in the middle, or do not read: the others do not wait for them.
import { assertEquals } from "@std/assert";
import { range, shell } from "../scripts.ts";
import { assertCode, numbersOf, request, Service } from "./service.ts";

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
    const service = new Service();
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
