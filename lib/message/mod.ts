/**
 * Messages: header and body, the two wire formats, the inbox, the sequence
 * check.
 *
 * @module
 */
export { header } from "./header.ts";
export { Inbox } from "./inbox.ts";
export { line } from "./line.ts";
export {
  type Decoder,
  type Format,
  type Header,
  MAX_BODY,
  Message,
  MessageError,
  recordOf,
} from "./message.ts";
export { SequenceCheck } from "./sequence_check.ts";
