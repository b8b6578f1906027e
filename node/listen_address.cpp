#include "node/listen_address.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace troupe::node {
namespace {

failure wrong(std::string_view text, std::string_view why) {
  return {.code = errc::invalid_argument,
          .detail = "\"" + std::string(text) + "\" is not an address: " + std::string(why) +
                    ". Write host:port, for example 127.0.0.1:8080 or [::1]:8080"};
}

}  // namespace

bool listen_address::is_loopback() const {
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return host == "localhost" || host == "::1";
}

bool listen_address::is_any() const {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return v4.s_addr == INADDR_ANY;
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6);
}

std::string listen_address::text() const {
  bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<listen_address> parse_listen_address(std::string_view text) {
  std::string_view host, port;
  if (text.starts_with('[')) {
    auto end = text.find("]:");
    if (end == std::string_view::npos) return wrong(text, "no \"]:\" ends the IPv6 address");
    host = text.substr(1, end - 1);
    port = text.substr(end + 2);
    in6_addr v6{};
    if (::inet_pton(AF_INET6, std::string(host).c_str(), &v6) != 1)
      return wrong(text, "what is in brackets is no IPv6 address");
  } else {
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong(text, "it names no port");
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.find(':') != std::string_view::npos) return wrong(text, "an IPv6 address goes in brackets");
  }
  if (host.empty()) return wrong(text, "it names no host");
  if (host.find_first_of(" \t/@") != std::string_view::npos)
    return wrong(text, "a host name has no such characters");
  std::uint16_t number = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || port.empty())
    return wrong(text, "the port is a number from 0 to 65535");
  return listen_address{std::string(host), number};
}

}  // namespace troupe::node
