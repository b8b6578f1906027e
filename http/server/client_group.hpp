// Who counts as one client: an IPv4 address, or a /64 of IPv6, of which one machine has every address. Pure function.
#pragma once

#include <string>

namespace troupe::http {

// What is no address comes back as it is.
std::string client_group(const std::string& address);

}  // namespace troupe::http
