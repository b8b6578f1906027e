#include "http/server/client_group.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace troupe::http {

std::string client_group(const std::string& address) {
  if (address.find(':') == std::string::npos) return address;
  boost::system::error_code ec;
  auto parsed = boost::asio::ip::make_address_v6(address, ec);
  if (ec || parsed.is_loopback()) return address;
  auto bytes = parsed.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace troupe::http
