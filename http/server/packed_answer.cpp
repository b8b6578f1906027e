#include "http/server/packed_answer.hpp"

#include "http/server/content_coding.hpp"

namespace troupe::http {

namespace {

// What fits into one packet is there no sooner when it is smaller.
constexpr std::size_t packed_bytes_min = 1'400;
constexpr std::size_t quick_bytes_max = 32 * 1024;
constexpr int fast_level = 1;

// Files have their packed forms, a stream has no end, and a tag names the bytes as they are.
bool may_be_packed(const response& r) {
  return r.body.size() >= packed_bytes_min && !r.shared_body && !r.next && is_packable(r.content_type) &&
         !r.has("Content-Encoding") && !r.has("ETag");
}

}  // namespace

packing packing_of(response& r, const request& asked) {
  if (!may_be_packed(r)) return packing::none;
  r.with("Vary", "Accept-Encoding");
  if (!accepts(asked.field("Accept-Encoding"), "gzip")) return packing::none;
  return r.body.size() <= quick_bytes_max ? packing::quick : packing::slow;
}

response packed(response r) {
  if (!may_be_packed(r)) return r;  // a refusal took its place
  if (auto smaller = gzip(r.body, fast_level)) {
    r.body = std::move(*smaller);
    r.with("Content-Encoding", "gzip");
  }
  return r;
}

}  // namespace troupe::http
