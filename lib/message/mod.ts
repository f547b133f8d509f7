/**
 * Messages: header and body, the two wire formats, the inbox, the sequence
 * check.
 *
 * @module
 */
export * from "./format_names.ts";
export * from "./formats.ts";
export * from "./inbox.ts";
export * from "./message.ts";
export * from "./sequence_check.ts";
