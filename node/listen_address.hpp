// host:port as settings write it: "127.0.0.1:8080", "localhost:0", "[::1]:9464". Port 0 means: any free port.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/result.hpp"

namespace troupe::node {

struct listen_address {
  std::string host;  // without brackets
  std::uint16_t port = 0;

  bool operator==(const listen_address&) const = default;
  bool is_loopback() const;
  // 0.0.0.0 or ::, which nobody can dial.
  bool is_any() const;
  // With brackets around an IPv6 address.
  std::string text() const;
};

// Fails with what is wrong and an example of what is right.
result<listen_address> parse_listen_address(std::string_view text);

}  // namespace troupe::node
