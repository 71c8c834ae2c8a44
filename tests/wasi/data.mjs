// The data of a core module, as a binary holds it. What starts a language's runtime beforehand leaves a memory of many
// pieces with few zeros between them; a host counts pieces.

/// Unsigned and signed numbers as WebAssembly writes them.
function unsigned(number) {
  const bytes = [];
  do {
    bytes.push((number & 127) | (number > 127 ? 128 : 0));
    number >>>= 7;
  } while (number);
  return bytes;
}

function signed(number) {
  const bytes = [];
  for (;;) {
    const low = number & 127;
    number >>= 7;
    const last = number === (low & 64 ? -1 : 0);
    bytes.push(last ? low : low | 128);
    if (last) return bytes;
  }
}

/// A module whose pieces of data are joined over gaps of at most `gap` bytes: the snapshot leaves out every zero, and
/// a host counts pieces.
export function joined(bytes, gap) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  const expect = (byte) => {
    if (bytes[at++] !== byte) throw new Error(`data of a kind that is not expected, at byte ${at - 1}`);
  };
  const pieces = () => {
    const found = [];
    for (let left = number(); left > 0; left--) {
      expect(0x00); // active, memory 0
      expect(0x41); // i32.const
      // Addresses are far below the sign.
      const start = number();
      expect(0x0b); // end
      const length = number();
      found.push({ start, end: start + length, content: [bytes.subarray(at, at + length)] });
      at += length;
    }
    return found.sort((one, other) => one.start - other.start);
  };
  const out = [bytes.subarray(0, 8)];
  while (at < bytes.length) {
    const start = at;
    const id = bytes[at++];
    const end = number() + at;
    if (id === 11) {
      const whole = [];
      for (const piece of pieces()) {
        const last = whole.at(-1);
        if (last && piece.start - last.end <= gap) {
          last.content.push(Buffer.alloc(piece.start - last.end), ...piece.content);
          last.end = piece.end;
        } else whole.push(piece);
      }
      const head = (piece) => Buffer.from([0x00, 0x41, ...signed(piece.start), 0x0b, ...unsigned(piece.end - piece.start)]);
      const section = Buffer.concat([
        Buffer.from(unsigned(whole.length)),
        ...whole.flatMap((piece) => [head(piece), ...piece.content]),
      ]);
      out.push(Buffer.from([11, ...unsigned(section.length)]), section);
    } else if (id !== 12) {
      // The count of data is only for those who name pieces; nobody does.
      out.push(bytes.subarray(start, end));
    }
    at = end;
  }
  return Buffer.concat(out);
}
