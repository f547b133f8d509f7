// What others send without a pause leaves neither side deaf.
import { assertMatch } from "@std/assert";
import { type Running, shell } from "../scripts.ts";
import { asked, assertEnds, request, Service } from "./service.ts";

/** What `yes` repeats, as the shell writes it, and what the log says of it. */
const FLOODS: Record<string, { text: string; warning?: string }> = {
  "garbage": { text: "$(printf '\\377')", warning: "Cannot read a header" },
  "empty lines": { text: "" },
  "messages for somebody else": {
    text: request("7", { Type: "response", Seq: "99" }).trimEnd(),
    warning: "Seq 99|request 99",
  },
};

/** Three writers, which fill a FIFO faster than it can be read. */
class Flood implements AsyncDisposable {
  #writers: Running[];

  constructor(name: string, text: string) {
    const line = `exec yes "${text}" > run/${name}.fifo`;
    this.#writers = [shell(line), shell(line), shell(line)];
  }

  async [Symbol.asyncDispose]() {
    for (const writer of this.#writers) await writer[Symbol.asyncDispose]();
  }
}

/** Lets a flood come in for a while. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 500));

for (const [what, { text, warning = "" }] of Object.entries(FLOODS)) {
  Deno.test(`a server in a flood of ${what} hears SIGINT`, async () => {
    await using service = new Service();
    await using server = await service.server();
    await using _flood = new Flood(service.name, text);
    await aWhile();
    server.kill("SIGINT");
    await assertEnds(server, 130);
    assertMatch(server.lines.join("\n"), new RegExp(warning));
  });

  Deno.test(`a client in a flood of ${what} hears SIGINT`, async () => {
    await using service = new Service();
    await using server = await service.server();
    server.kill("SIGSTOP");
    await using client = service.client();
    await asked(client);
    await using _flood = new Flood(service.replyTo(client), text);
    await aWhile();
    client.kill("SIGINT");
    await assertEnds(client, 130);
    assertMatch(client.lines.join("\n"), new RegExp(warning));
  });

  Deno.test(`a client in a flood of ${what} gives up after --timeout`, async () => {
    await using service = new Service();
    await using server = await service.server();
    server.kill("SIGSTOP");
    await using client = service.client("--timeout=1s");
    await asked(client);
    await using _flood = new Flood(service.replyTo(client), text);
    await assertEnds(client, 1);
    assertMatch(client.lines.join("\n"), /ERROR:client:No answer to request 1/);
  });
}
