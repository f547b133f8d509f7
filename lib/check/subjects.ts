/**
 * Finds out what the command line names: a log, a program, a pair of programs,
 * one side of a pair, or many programs.
 *
 * @module
 */
import { globSync } from "node:fs";
import type { CommandLine } from "../cli/command_line.ts";
import { UsageError } from "../error.ts";
import { denoArguments } from "../lab/child.ts";
import { PERMISSIONS } from "../mechanism/mod.ts";
import { CHECK, type CheckOptions } from "./flags.ts";
import type { Program } from "./run.ts";

/** What is judged. */
export interface Subject {
  /** How the report calls it. */
  name: string;
  /** The command line that judges it again. */
  again: string;
  /** The file of a saved log. */
  log?: string;
  /** The ways to run it; each must pass. */
  programs: readonly Program[];
  /** Are there two programs, and so no parent? */
  pair: boolean;
  /** The name of the FIFO that a half of ours makes. */
  channel?: string;
}

/** @throws {UsageError} If it names nothing, or more than one thing. */
export function subjectsOf(line: CommandLine<CheckOptions>): Subject[] {
  const { options, operands, program } = line;
  const { producer, consumer, each } = options;
  const wishes = [
    operands.length > 0 ? operands.join(" ") : undefined,
    program.length > 0 ? `-- ${program[0]}` : undefined,
    producer !== undefined || consumer !== undefined
      ? "--producer and --consumer"
      : undefined,
    each === undefined ? undefined : "--each",
  ].filter((wish) => wish !== undefined);
  if (wishes.length !== 1 || operands.length > 1) {
    const what = wishes.length === 0 ? "nothing" : wishes.join(" with ");
    throw new UsageError(
      `Cannot judge ${what}: name one log, one program behind --, ` +
        "--producer and --consumer, or --each and --run",
    );
  }
  if (options.side !== undefined && program.length === 0) {
    throw new UsageError(
      `Cannot use --side=${options.side}: it needs a program behind --`,
    );
  }
  if (operands.length > 0) return [aLog(line)];
  if (each !== undefined) return many(line);
  if (program.length > 0) return [aProgram(line)];
  return [aPair(line)];
}

/** The flags that judge one program as all are judged. */
function commandLine(line: CommandLine<CheckOptions>, more: string[]): string {
  const others = ["each", "run", "csv", "format", "producer", "consumer"];
  const flags = line.argumentsFor(CHECK, others);
  return ["deno task check", ...flags, ...more].join(" ");
}

/** A word as the shell takes it. */
function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word)
    ? word
    : `'${word.replaceAll("'", `'\\''`)}'`;
}

function aLog(line: CommandLine<CheckOptions>): Subject {
  const [log] = line.operands;
  const again = commandLine(line, [quoted(log)]);
  return { name: log, again, log, programs: [], pair: false };
}

function aProgram(line: CommandLine<CheckOptions>): Subject {
  const { options, program } = line;
  const typed = program.map(quoted).join(" ");
  const again = commandLine(line, ["--", typed]);
  if (options.side === undefined) {
    const programs = [{ commands: [program] }];
    return { name: typed, again, programs, pair: false };
  }
  const producing = options.side === "consumer"; // ours
  const ours = {
    script: new URL(
      `../../scripts/${producing ? "producer" : "consumer"}.ts`,
      import.meta.url,
    ),
    permissions: PERMISSIONS,
    args: [
      `--name=${options.name}`,
      `--count=${options.count}`,
      `--retry=${options.retry}ms`,
      ...producing ? [`--pause=${options.pause}ms`] : [],
    ],
  };
  const commands = [[Deno.execPath(), ...denoArguments(ours)], program];
  const who = producing ? "process1" : "process2";
  return {
    name: typed,
    again,
    programs: [{ commands, ours: who }],
    pair: true,
    channel: options.name,
  };
}

/** Two programs, started in both orders. */
function aPair(line: CommandLine<CheckOptions>): Subject {
  const { producer, consumer } = line.options;
  if (producer === undefined || consumer === undefined) {
    throw new UsageError(
      `Cannot judge --${
        producer === undefined ? "consumer" : "producer"
      } alone: give both, or --side`,
    );
  }
  const flags = [`--producer=${producer}`, `--consumer=${consumer}`];
  const commands = [producer, consumer].map((text) => ["sh", "-c", text]);
  return {
    name: `${producer} and ${consumer}`,
    again: commandLine(line, flags.map(quoted)),
    programs: [{ commands }, { commands: commands.toReversed() }],
    pair: true,
  };
}

function many(line: CommandLine<CheckOptions>): Subject[] {
  const { each = "", run } = line.options;
  if (run === undefined) {
    throw new UsageError(
      "Cannot use --each without --run: --run='python3 {}' says how",
    );
  }
  const files = globSync(each).sort();
  if (files.length === 0) {
    throw new UsageError(
      `Cannot judge --each=${each}: no file has such a name`,
    );
  }
  return files.map((file) => {
    const path = Deno.realPathSync(file);
    const typed = run.replaceAll("{}", quoted(path));
    // In the program's own folder: two programs may use the same names.
    const cwd = path.slice(0, path.lastIndexOf("/")) || "/";
    return {
      name: file,
      again: commandLine(line, [
        quoted(`--each=${file}`),
        quoted(`--run=${run}`),
      ]),
      programs: [{ commands: [["sh", "-c", typed]], cwd }],
      pair: false,
    };
  });
}
