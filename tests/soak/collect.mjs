// Lets Node collect its garbage often: node --expose-gc --import ./collect.mjs. Left alone it lets its heap grow for as
// long as memory is cheap, which looks like a leak.

setInterval(globalThis.gc, 500).unref();
