// zstd of this Node where it has it (22.15 and later), otherwise of a WebAssembly build from npm.
import zlib from 'node:zlib';

export async function zstd(bytes) {
  if (zlib.zstdCompressSync) return zlib.zstdCompressSync(bytes);
  const { init, compress } = await import('@bokuweb/zstd-wasm');
  await init();
  return Buffer.from(compress(new Uint8Array(Buffer.from(bytes)), 3));
}
