// Looks whether anybody listens at an address, within a deadline. CAF's own connect waits as long as the kernel does, on
// the one thread that makes all its connections: it is only asked for addresses that have just answered.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "protocol/result.hpp"

namespace troupe::node {

// The numeric address that answered. Blocks.
result<std::string> knock(const std::string& host, std::uint16_t port, std::chrono::milliseconds deadline);

}  // namespace troupe::node
