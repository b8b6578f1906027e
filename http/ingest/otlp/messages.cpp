// Protobuf and JSON to messages; ids.
#include "http/ingest/otlp/messages.hpp"

#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "http/ingest/json_text.hpp"
#include "http/ingest/media_type.hpp"

namespace troupe::ingest::otlp {

namespace {

std::string base64_of(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) {
    auto at = [&](std::size_t k) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i + k])); };
    auto group = at(0) << 16 | at(1) << 8 | at(2);
    for (int shift = 18; shift >= 0; shift -= 6) out.push_back(digits[group >> shift & 63]);
  }
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string bytes_of_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    auto high = hex_value(hex[i]), low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return {};
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

std::optional<failure> decode_json(std::string_view body, google::protobuf::Message& out) {
  auto fault = json::find_fault(body);
  std::optional<std::string> repaired;
  if (fault) {
    repaired = json::repair_surrogates(body);
    if (!repaired || json::find_fault(*repaired))
      return failure{errc::invalid_argument,
                     "the body is not valid JSON at byte " + std::to_string(fault->at) + ": " + fault->what};
    body = *repaired;
  }
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  auto status = google::protobuf::util::JsonStringToMessage({body.data(), body.size()}, &out, options);
  if (status.ok()) return std::nullopt;
  auto why = std::string(status.message().data(), std::min<std::size_t>(status.message().size(), 300));
  return failure{errc::invalid_argument, "the body is not an OTLP request: " + why};
}

// Texts cut in the middle of a surrogate pair reach us from JavaScript as the half's three bytes, which no UTF-8 has,
// and protobuf refuses the whole request for them. U+FFFD has three bytes too: the rest of the message stays as it is.
std::optional<std::string> without_lone_surrogates(std::string_view body) {
  std::optional<std::string> out;
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(body[i]); };
  for (std::size_t at = body.find('\xed'); at != body.npos && at + 2 < body.size();
       at = body.find('\xed', at + 1)) {
    if (byte(at + 1) < 0xa0 || byte(at + 1) > 0xbf || (byte(at + 2) & 0xc0) != 0x80) continue;
    if (!out) out.emplace(body);
    out->replace(at, 3, "\xef\xbf\xbd");
  }
  return out;
}

// Parsed from memory as a whole: as a stream, a length that is only announced would be reserved, up to 50 MB.
bool parse_protobuf(std::string_view body, google::protobuf::Message& out) {
  return out.ParseFromArray(body.data(), static_cast<int>(body.size()));
}

// By itself protobuf writes a line to stderr for each bad text: a client could fill the log.
void silence_protobuf() {
  static const auto before = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(before);
}

}  // namespace

std::optional<failure> decode(std::string_view body, wire form, google::protobuf::Message& out) {
  silence_protobuf();
  if (form == wire::json) return decode_json(body, out);
  if (parse_protobuf(body, out)) return std::nullopt;
  if (auto repaired = without_lone_surrogates(body)) {
    out.Clear();
    if (parse_protobuf(*repaired, out)) return std::nullopt;
  }
  return failure{errc::invalid_argument, "the body is not a protobuf message of this signal"};
}

std::string restore_id(const std::string& field, std::size_t size, wire form) {
  auto id = form == wire::json ? bytes_of_hex(base64_of(field)) : field;
  bool zero = std::ranges::all_of(id, [](char c) { return c == 0; });
  return id.size() == size && !zero ? id : std::string{};
}

std::string hex_of(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char c : bytes) {
    out.push_back(digits[c >> 4]);
    out.push_back(digits[c & 0xf]);
  }
  return out;
}

result<wire> wire_of(std::string_view content_type) {
  auto type = media_type(content_type);
  if (type == "application/x-protobuf" || type == "application/protobuf") return wire::protobuf;
  if (type == "application/json") return wire::json;
  return failure{errc::unsupported, "OTLP is read as application/x-protobuf or application/json, not as " +
                                        (type.empty() ? "nothing: send a Content-Type" : type)};
}

std::string_view content_type_of(wire form) {
  return form == wire::json ? "application/json" : "application/x-protobuf";
}

}  // namespace troupe::ingest::otlp
