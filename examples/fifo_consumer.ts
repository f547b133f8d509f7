// Process 2: deno run --allow-run=mkfifo --allow-read=run --allow-write=run examples/fifo_consumer.ts
// deno-lint-ignore-file no-console
const [path = "run/example.fifo"] = Deno.args;
const log = (text: string) => console.error(`INFO:process2:${text}`);
log(`Pid:${Deno.pid}`);
Deno.mkdirSync("run", { recursive: true, mode: 0o700 });
new Deno.Command("mkfifo", { args: [path] }).outputSync(); // fails if it is there
using fifo = Deno.openSync(path); // waits for the producer
const byte = new Uint8Array(1);
for (let line = ""; fifo.readSync(byte) !== null;) { // waits; null at the end of file
  line += String.fromCharCode(byte[0]);
  if (!line.endsWith("\n")) continue;
  log(`Read: ${line.trim()}`);
  line = "";
}
Deno.removeSync(path); // The producer has finished: the name is not needed any more.
log("Finished process 2");
