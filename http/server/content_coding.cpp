#include "http/server/content_coding.hpp"

#include <zlib.h>

#include <boost/beast/core/string.hpp>

#include "http/server/text.hpp"

namespace troupe::http {

namespace {

// "q=0", "q=0.0", ...: not acceptable.
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    auto parameter = take_part(parameters, ';');
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    return parameter.find_first_not_of("0.", 2) == parameter.npos;
  }
  return false;
}

}  // namespace

bool accepts(std::string_view accept_encoding, std::string_view coding) {
  while (!accept_encoding.empty()) {
    auto parameters = take_part(accept_encoding, ',');
    auto name = take_part(parameters, ';');
    if (boost::beast::iequals({name.data(), name.size()}, {coding.data(), coding.size()}))
      return !is_refused(parameters);
  }
  return false;
}

bool is_packable(std::string_view type) {
  return type.starts_with("text/") || type.find("json") != std::string_view::npos ||
         type == "image/svg+xml" || type == "application/wasm";
}

std::optional<std::string> gzip(std::string_view plain, int level) {
  z_stream z{};
  constexpr int gzip_window = 15 + 16;
  if (deflateInit2(&z, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&z, plain.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  int end = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (end != Z_STREAM_END || out.size() >= plain.size()) return {};
  out.shrink_to_fit();  // may wait for a slow reader
  return out;
}

}  // namespace troupe::http
