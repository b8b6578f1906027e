#include "node/cluster/invitation.hpp"

#include <sodium.h>

#include <boost/json.hpp>
#include <charconv>
#include <fstream>

#include "protocol/limits.hpp"

namespace troupe::node {
namespace {

namespace json = boost::json;

constexpr int format_known = 1;
constexpr std::size_t file_bytes_max = 256 * 1024;

std::string hex_of(std::uint64_t v) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(v));
  return text;
}

std::string hex_of(std::string_view bytes) {
  std::string out(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  out.pop_back();
  return out;
}

failure unusable(std::string_view source, std::string_view why) {
  return {.code = errc::invalid_argument,
          .detail = std::string(source) + " is no usable invitation: " + std::string(why) +
                    ". Make another with troupectl node invite"};
}

// Reads fields and remembers the first that is missing or wrong.
class fields {
 public:
  explicit fields(const json::object& of) : of_(of) {}

  std::string text(std::string_view name) {
    auto* v = of_.if_contains(name);
    if (v && v->is_string() && !v->as_string().empty()) return std::string(v->as_string());
    wrong(name);
    return {};
  }
  std::int64_t number(std::string_view name) {
    auto* v = of_.if_contains(name);
    if (v && v->is_int64()) return v->as_int64();
    wrong(name);
    return 0;
  }
  std::uint64_t hex(std::string_view name) {
    auto digits = text(name);
    std::uint64_t v = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), v, 16);
    if (error != std::errc{} || end != digits.data() + digits.size()) wrong(name);
    return v;
  }
  std::string bytes(std::string_view name) {
    auto digits = text(name);
    std::string out(digits.size() / 2, '\0');
    std::size_t size = 0;
    if (sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), digits.data(), digits.size(),
                       nullptr, &size, nullptr) != 0 ||
        size != out.size())
      wrong(name);
    return out;
  }
  std::vector<peer_address> peers(std::string_view name) {
    std::vector<peer_address> out;
    auto* list = of_.if_contains(name);
    if (!list || !list->is_array()) return wrong(name), out;
    for (const auto& item : list->as_array()) {
      if (!item.is_object()) return wrong(name), out;
      fields peer(item.as_object());
      auto node = node_id(peer.hex("node"));
      auto where = parse_listen_address(peer.text("address"));
      if (!peer.wrong_.empty() || !where) return wrong(name), out;
      out.push_back({node, *where});
    }
    if (out.empty()) wrong(name);
    return out;
  }
  void wrong(std::string_view name) {
    if (wrong_.empty()) wrong_ = name;
  }
  const std::string& first_wrong() const { return wrong_; }

 private:
  const json::object& of_;
  std::string wrong_;
};

}  // namespace

std::string to_text(const invitation& i) {
  json::array peers;
  for (const auto& p : i.peers)
    peers.push_back({{"node", hex_of(p.node.value)}, {"address", p.where.text()}});
  json::object all{{"troupe_invitation", format_known},
                   {"cluster", i.cluster},
                   {"node", hex_of(i.node.value)},
                   {"name", i.name},
                   {"address", i.address},
                   {"shards", i.shards},
                   {"epoch", hex_of(i.history.value)},
                   {"peers", std::move(peers)},
                   {"id", i.id},
                   {"secret", hex_of(std::string_view(i.secret))},
                   {"expires_us", i.expires_us},
                   {"authority", i.authority},
                   {"certificate", i.certificate},
                   {"key", i.key},
                   {"client_certificate", i.client_certificate},
                   {"client_key", i.client_key}};
  return json::serialize(all) + "\n";
}

result<std::string> with_certificates(std::string_view text, const issued_pki& issued) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error || !value.is_object()) return unusable("what the node made", "it is not JSON");
  auto& all = value.as_object();
  all["authority"] = issued.authority;
  all["certificate"] = issued.node.certificate;
  all["key"] = issued.node.key;
  all["client_certificate"] = issued.client.certificate;
  all["client_key"] = issued.client.key;
  auto whole = json::serialize(all) + "\n";
  auto good = parse_invitation(whole, "what the node made");
  if (!good) return good.error();
  return whole;
}

result<invitation> parse_invitation(std::string_view text, std::string_view source) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error || !value.is_object()) return unusable(source, "it is not JSON, or cut off");
  fields f(value.as_object());
  if (f.number("troupe_invitation") != format_known)
    return unusable(source, "it is of another version of Troupe, or something else");
  invitation i{.cluster = f.text("cluster"),
               .node = node_id(f.hex("node")),
               .name = f.text("name"),
               .address = f.text("address"),
               .shards = static_cast<std::uint16_t>(f.number("shards")),
               .history = epoch(f.hex("epoch")),
               .peers = f.peers("peers"),
               .id = f.text("id"),
               .secret = f.bytes("secret"),
               .expires_us = f.number("expires_us"),
               .authority = f.text("authority"),
               .certificate = f.text("certificate"),
               .key = f.text("key"),
               .client_certificate = f.text("client_certificate"),
               .client_key = f.text("client_key")};
  if (i.node.value == 0) f.wrong("node");
  if (i.shards < 2) f.wrong("shards");
  if (!f.first_wrong().empty())
    return unusable(source, "its field " + f.first_wrong() + " is missing or wrong");
  return i;
}

result<invitation> load_invitation(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty())
    return failure{.code = errc::invalid_argument,
                   .detail = "join: " + file.string() + " is empty or cannot be read"};
  if (text.size() > file_bytes_max) return unusable("join: " + file.string(), "it is far too large");
  return parse_invitation(text, "join: " + file.string());
}

std::filesystem::path waiting_invitation(const std::filesystem::path& data_dir) {
  return data_dir / "invitation";
}

}  // namespace troupe::node
