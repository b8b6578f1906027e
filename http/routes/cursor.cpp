#include "http/routes/cursor.hpp"

#include <sodium.h>

#include <cstring>

#include "http/ingest/json_text.hpp"
#include "http/server/text.hpp"
#include "protocol/envelope.hpp"

namespace troupe::http {

std::string base64url(std::string_view bytes) {
  constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), variant);
  out.pop_back();  // the NUL
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string plain(text);
  while (!plain.empty() && plain.back() == '=') plain.pop_back();
  for (char& c : plain) c = c == '+' ? '-' : c == '/' ? '_' : c;
  std::string out(plain.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), plain.data(), plain.size(),
                        nullptr, &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      end != plain.data() + plain.size()) {
    return {};
  }
  out.resize(size);
  return out;
}

std::string cursor::encode() const {
  std::string bytes(1, list);
  bytes.append(reinterpret_cast<const char*>(&time_us), sizeof time_us);
  bytes.append(reinterpret_cast<const char*>(&seq), sizeof seq);
  bytes.append(reinterpret_cast<const char*>(&shard), sizeof shard);
  bytes += text;
  auto sum = static_cast<std::uint32_t>(checksum64(bytes));
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return base64url(bytes);
}

std::optional<cursor> parse_cursor(std::string_view text, char list) {
  constexpr std::size_t fixed = 1 + 8 + 8 + 2, sum_bytes = 4;
  auto bytes = from_base64url(text);
  if (!bytes || bytes->size() < fixed + sum_bytes || (*bytes)[0] != list) return {};
  std::string_view body(bytes->data(), bytes->size() - sum_bytes);
  std::uint32_t sum = 0;
  std::memcpy(&sum, bytes->data() + body.size(), sum_bytes);
  if (sum != static_cast<std::uint32_t>(checksum64(body))) return {};
  cursor out;
  out.list = list;
  std::memcpy(&out.time_us, body.data() + 1, 8);
  std::memcpy(&out.seq, body.data() + 9, 8);
  std::memcpy(&out.shard, body.data() + 17, 2);
  out.text = body.substr(fixed);
  return out;
}

response list_response(const request& r, std::string_view items, const std::optional<cursor>& next) {
  std::string text = next ? next->encode() : std::string();
  auto body =
      concat({"{\"items\":[", items, "],\"next_cursor\":", next ? "\"" : "null", text, next ? "\"}" : "}"});
  auto out = response::json(std::move(body));
  if (next) {
    std::string link = "<" + r.where.path + "?";
    for (const auto& [name, value] : r.where.query) {
      if (name != "cursor") link += concat({percent_encode(name), "=", percent_encode(value), "&"});
    }
    link += concat({"cursor=", text, ">; rel=\"next\""});
    out.with("Link", link);
  }
  return out;
}

}  // namespace troupe::http
