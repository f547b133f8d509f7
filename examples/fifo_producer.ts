// Process 1: deno run --allow-run=mkfifo --allow-write=run examples/fifo_producer.ts
// deno-lint-ignore-file no-console
const [path = "run/example.fifo"] = Deno.args;
const log = (text: string) => console.error(`INFO:process1:${text}`);
log(`Pid:${Deno.pid}`);
Deno.mkdirSync("run", { recursive: true, mode: 0o700 });
new Deno.Command("mkfifo", { args: [path] }).outputSync(); // fails if it is there
using fifo = Deno.openSync(path, { write: true }); // waits for the consumer
for (let value = 1; value <= 10; value++) {
  log(`Writing ${value}`);
  fifo.writeSync(new TextEncoder().encode(`${value}\n`)); // waits while it is full
}
log("Finished process 1"); // `using` closes the FIFO: the consumer reads to its end
