// Compressed bodies: they come out whole, within their bounds, or are refused; and what is compressed comes back.
//
// The first byte of the input says the encoding, and whether the rest is taken for compressed or is compressed first.
#include "http/ingest/decompress.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>

#include "protocol/limits.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/memory_peak.hpp"

using namespace troupe;

namespace {

// Beside what comes out twice over (it grows by doubling): windows of the decoders, of which zstd's has 8 MiB.
constexpr std::size_t window_bytes = 12 * 1024 * 1024;

std::size_t room_for(std::size_t body) {
  return std::min(limits::decompressed_body_bytes_max, std::max<std::size_t>(1024 * 1024, body * 200));
}

result<std::string> decompress(const std::string& body, std::string_view encoding) {
  fuzz::memory_peak peak;
  auto out = ingest::decompress(body, encoding);
  must(peak.bytes() <= window_bytes + 3 * room_for(body.size()), "memory is bounded");
  if (out) must(out->size() <= room_for(body.size()), "what comes out is bounded");
  return out;
}

std::string deflated(const std::string& plain, int window_bits) {
  z_stream stream{};
  must(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib begins");
  std::string out(deflateBound(&stream, plain.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  must(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib compresses");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstandard(const std::string& plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  auto size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3);
  must(!ZSTD_isError(size), "zstd compresses");
  out.resize(size);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  static constexpr std::string_view encodings[] = {"gzip", "deflate", "zstd", "identity"};
  auto encoding = encodings[data[0] % 4];
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] & 4) {
    auto packed = encoding == "gzip"      ? deflated(body, 15 + 16)
                  : encoding == "deflate" ? deflated(body, 15)
                  : encoding == "zstd"    ? zstandard(body)
                                          : body;
    auto out = decompress(packed, encoding);
    must(out && *out == body, "what was compressed comes back");
    if (!packed.empty() && encoding != "identity") {
      packed.pop_back();
      must(!decompress(packed, encoding), "what is cut off is refused");
    }
    return 0;
  }
  auto out = decompress(body, encoding);
  if (out && ingest::is_identity(encoding)) must(*out == body, "identity changes nothing");
  return 0;
}
