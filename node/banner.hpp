// What a person reads when the node has started: the page, the key on the first start, how to send an event.
#pragma once

#include <optional>
#include <string>

#include "node/first_key.hpp"
#include "node/listen_address.hpp"

namespace troupe::node {

struct banner_facts {
  listen_address http;
  std::optional<listen_address> otlp;
  std::string data_dir;
  first_key key;
  bool has_page = true;
};

std::string banner(const banner_facts& f);
// An address as a person on this machine writes it: "http://localhost:8080".
std::string url_of(const listen_address& a);

}  // namespace troupe::node
