/** Texts measured in bytes of UTF-8, in which the bounds of the session count. */

/** How many bytes of UTF-8 the text has. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) {
      bytes += unit > 0x7ff ? 2 : 1;
      at += pairAt(text, at);
    }
  }
  return bytes;
}

/** The longest beginning of the text that has at most so many bytes and cuts no character. */
export function cut(text: string, most: number): string {
  let at = 0;
  for (let bytes = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const pair = pairAt(text, at);
    bytes += unit > 0x7ff ? 3 + pair : unit > 0x7f ? 2 : 1;
    if (bytes > most) {
      break;
    }
    at += pair;
  }
  return text.slice(0, at);
}

/** 1 where two surrogates are one character, else 0. A pair takes 4 bytes, a lone one 3, as U+FFFD does. */
function pairAt(text: string, at: number): number {
  return (text.codePointAt(at) as number) > 0xffff ? 1 : 0;
}
