// zstd of this Node where it has it (22.15 and later), otherwise of a WebAssembly build from npm.
import zlib from 'node:zlib';

export async function zstd(bytes) {
  if (zlib.zstdCompressSync) return zlib.zstdCompressSync(bytes);
  const { init, compress } = await import('@bokuweb/zstd-wasm');
  await init();
  return Buffer.from(compress(new Uint8Array(Buffer.from(bytes)), 3));
}

/** A small body that unpacks to this many bytes of white space: a frame of blocks that repeat one byte. */
export function zstd_bomb(bytes) {
  const block_bytes = 128 * 1024;
  const count = Math.ceil(bytes / block_bytes);
  const blocks = Array.from({ length: count }, (_, i) => {
    const repeated = 1;
    const header = (i === count - 1 ? 1 : 0) | (repeated << 1) | (block_bytes << 3);
    return [header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff, 0x20];
  });
  const window_128_KiB = 7 << 3;
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, window_128_KiB, ...blocks.flat()]);
}
