// Short texts that clients hand back or send: cursors, offsets, times, ids, sub-protocols, origins, keys. Each is read
// or refused; what is read is written to a text that is read as the same.
//
// The first byte of the input says what the rest is taken for.
#include <boost/json/parse.hpp>

#include "http/auth/key_text.hpp"
#include "http/ingest/json_text.hpp"
#include "http/ingest/time_text.hpp"
#include "http/live/live_routes.hpp"
#include "http/live/position.hpp"
#include "http/routes/cursor.hpp"
#include "http/server/request_ids.hpp"
#include "protocol/must.hpp"
#include "protocol/uuid.hpp"

using namespace troupe;

namespace {

void cursors(std::string_view text) {
  if (auto bytes = http::from_base64url(text))
    must(http::from_base64url(http::base64url(*bytes)) == bytes, "base64url is read as it was written");
  must(http::from_base64url(http::base64url(text)) == std::string(text), "any bytes go through base64url");
  if (auto c = http::parse_cursor(text, 'e')) {
    auto again = http::parse_cursor(c->encode(), 'e');
    must(again && again->encode() == c->encode(), "a cursor is read as it was written");
  }
  http::cursor made{'e', INT64_MIN + 1, UINT64_MAX, 7, std::string(text)};
  auto read = http::parse_cursor(made.encode(), 'e');
  must(read && read->text == text && read->time_us == made.time_us && read->seq == made.seq,
       "a cursor comes back");
  must(!http::parse_cursor(made.encode(), 'a'), "a cursor is of its list");
}

void offsets(std::string_view text) {
  const http::position rest{0, 1, 2, 3};
  auto p = http::parse_offset(text, rest);
  if (!p) return;
  must(p->size() == rest.size() && (*p)[0] == 0, "a position has its shards");
  must(http::parse_offset(http::offset_text(*p), rest) == p, "a position is read as it was written");
}

void times(std::string_view text) {
  auto us = ingest::parse_rfc3339(text);
  // Offsets reach a day beyond the years that can be written.
  constexpr std::int64_t first_us = -62'167'000'000'000'000, last_us = 253'402'200'000'000'000;
  if (!us || *us < first_us || *us > last_us) return;
  std::string written;
  ingest::write_rfc3339(*us, written);
  auto again = ingest::parse_rfc3339(written);
  auto ms = *us - ((*us % 1000) + 1000) % 1000;
  must(again && *again == ms, "a time is read as it was written, to the millisecond");
}

void ids(std::string_view text) {
  if (auto id = parse_uuid(text)) must(parse_uuid(to_string(*id)) == id, "an id is read as it was written");
  must(http::request_id_of(text).size() <= 256, "a request's id is bounded");
  auto parent = http::trace_parent_of(text);
  must(parent.empty() || parent.size() == 55, "a traceparent has its form, or there is none");
}

void json_strings(std::string_view text) {
  std::string written;
  ingest::json::write_string(text, written);
  boost::json::error_code error;
  auto read = boost::json::parse(written, error);
  must(!error && read.is_string(), "any text is written as a JSON string");
  bool utf8 = http::is_utf8(text);
  must(!utf8 || std::string_view(read.get_string().data(), read.get_string().size()) == text,
       "a text in UTF-8 is read as it was written");
  auto cut = ingest::json::cut_utf8(text, text.size() / 2);
  must(cut.size() <= text.size() / 2 && (!utf8 || http::is_utf8(cut)), "a text is cut between characters");
  if (auto repaired = ingest::json::repair_surrogates(text))
    must(!ingest::json::repair_surrogates(*repaired), "what is repaired needs no repair");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: cursors(text); break;
    case 1: offsets(text); break;
    case 2: times(text); break;
    case 3: ids(text); break;
    case 4: json_strings(text); break;
    default: {
      auto offer = http::read_subprotocols(text);
      must(offer.key.size() <= text.size(), "a key comes from the offer");
      auto half = text.size() / 2;
      http::is_origin_allowed(text.substr(0, half), text.substr(half), {"https://example.org"});
      http::hash_key(text);
    }
  }
  return 0;
}
