/**
 * What the lab's parent tells each of its two children.
 *
 * @module
 */
import type { CommandLine } from "../cli/command_line.ts";
import { CONSUMER, type LabOptions, PRODUCER } from "./flags.ts";

/**
 * A child's flags.
 *
 * @param nothing Is there nothing to read?
 */
export function argumentsOf(
  part: "producer" | "consumer",
  { options, argumentsFor }: CommandLine<LabOptions>,
  nothing: boolean,
): string[] {
  const recorded = options.record ?? options.perfetto;
  const own = [`--parent=${Deno.pid}`];
  // What is recorded, the parent shows.
  const json = recorded !== undefined || options.log === "json";
  if (json) own.push("--log=json");
  if (part === "producer") return [...argumentsFor(PRODUCER, ["log"]), ...own];
  // The lab's interval is the producer's; how much is read is decided below.
  const without = ["interval", "until-end", "count", "log"];
  const args = [...argumentsFor(CONSUMER, without), ...own];
  if (options.sync) args.push("--format=header");
  const untilEnd = options.untilEnd || options.input !== undefined;
  // A consumer that starts after the end would wait for it in vain.
  const reads = nothing
    ? "--count=0"
    : untilEnd
    ? "--until-end"
    : `--count=${options.count}`;
  return [...args, reads];
}
