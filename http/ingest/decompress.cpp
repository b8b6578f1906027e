// Bounded inflating with zlib and zstd.
//
// The bound on the ratio keeps a small body from costing much: real telemetry in JSON seldom exceeds 50 to 1.
#include "http/ingest/decompress.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "protocol/limits.hpp"

namespace troupe::ingest {

namespace {

constexpr std::size_t ratio_max = 200;
constexpr std::size_t ratio_free_bytes = 1024 * 1024;  // up to here any ratio is fine
constexpr std::size_t step_bytes = 64 * 1024;
constexpr int zstd_window_log_max = 23;  // 8 MiB: what a client may make us hold

std::size_t room_for(std::size_t body_bytes) {
  return std::min(limits::decompressed_body_bytes_max, std::max(ratio_free_bytes, body_bytes * ratio_max));
}

failure too_large(std::size_t room) {
  if (room == limits::decompressed_body_bytes_max)
    return {errc::too_large, "the decompressed body is larger than " + std::to_string(room) + " bytes"};
  return {errc::too_large,
          "the body decompresses to more than " + std::to_string(ratio_max) + " times its size"};
}

failure broken(std::string_view form, std::string_view why) {
  return {errc::invalid_argument, "the body is not valid " + std::string(form) + ": " + std::string(why)};
}

// Grows 'out' by a step, within 'room'. False when it is full.
bool grow(std::string& out, std::size_t room) {
  if (out.size() >= room) return false;
  out.resize(std::min(room, std::max(out.size() * 2, step_bytes)));
  return true;
}

result<std::string> inflate_all(std::string_view body, int window_bits, std::string_view form) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK)
    return failure{errc::overloaded, "no memory to decompress the body"};
  std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  const auto room = room_for(body.size());
  std::string out;
  std::size_t made = 0;
  for (;;) {
    bool full = made == out.size() && !grow(out, room);
    char beyond;  // where one byte more than allowed would go
    auto space = full ? 1 : out.size() - made;
    stream.next_out = reinterpret_cast<Bytef*>(full ? &beyond : out.data() + made);
    stream.avail_out = static_cast<uInt>(space);
    auto status = inflate(&stream, Z_NO_FLUSH);
    auto got = space - stream.avail_out;
    if (full && got > 0) return too_large(room);
    made += got;
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      // gzip allows several members in a row.
      if (inflateReset(&stream) != Z_OK) return broken(form, "something follows its end");
    } else if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && got < space)) {
      return broken(form, "it is cut off");
    } else if (status != Z_OK) {
      return broken(form, stream.msg ? stream.msg : "wrong data");
    }
  }
  out.resize(made);
  return out;
}

result<std::string> unzstd_all(std::string_view body) {
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return failure{errc::overloaded, "no memory to decompress the body"};
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
  const auto room = room_for(body.size());
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::string out;
  std::size_t made = 0;
  for (;;) {
    bool full = made == out.size() && !grow(out, room);
    char beyond;
    ZSTD_outBuffer to =
        full ? ZSTD_outBuffer{&beyond, 1, 0} : ZSTD_outBuffer{out.data() + made, out.size() - made, 0};
    auto before = in.pos;
    auto left = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(left)) return broken("zstd", ZSTD_getErrorName(left));
    if (full && to.pos > 0) return too_large(room);
    made += to.pos;
    if (left == 0 && in.pos == in.size) break;
    if (in.pos == in.size && to.pos < to.size) return broken("zstd", "it is cut off");
    if (in.pos == before && to.pos == 0 && left != 0) return broken("zstd", "it makes no progress");
  }
  out.resize(made);
  return out;
}

std::string bare(std::string_view encoding) {
  std::string out;
  for (char c : encoding)
    if (c != ' ' && c != '\t') out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return out;
}

}  // namespace

bool is_identity(std::string_view encoding) {
  auto name = bare(encoding);
  return name.empty() || name == "identity";
}

result<std::string> decompress(std::string_view body, std::string_view encoding) {
  auto name = bare(encoding);
  if (name.empty() || name == "identity") return std::string(body);
  if (name != "gzip" && name != "x-gzip" && name != "deflate" && name != "zstd")
    return failure{errc::unsupported,
                   "Content-Encoding " + name + " is not known here: gzip, deflate and zstd are"};
  if (body.size() > limits::request_body_bytes_max)
    return failure{errc::too_large,
                   "the body is larger than " + std::to_string(limits::request_body_bytes_max) + " bytes"};
  if (body.empty()) return broken(name, "it is empty");
  if (name == "zstd") return unzstd_all(body);
  return name == "deflate" ? inflate_all(body, 15, "deflate (zlib)") : inflate_all(body, 15 + 16, "gzip");
}

}  // namespace troupe::ingest
