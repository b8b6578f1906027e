// A whole edge over the machines in memory, on free ports, with one key of each role.
#pragma once

#include <boost/json/parse.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "http/edge.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/memory_client.hpp"

namespace troupe::testing {

struct edge_fixture {
  explicit edge_fixture(const std::function<void(http::edge_config&)>& change = {});
  ~edge_fixture();

  std::uint16_t port() const { return edge->ports().main.at(0); }
  test::http_client as(const std::string& key) const { return test::http_client(port(), key); }
  test::http_client admin() const { return as(admin_key); }
  // Events of one agent, numbered in their session_id, as the admin.
  void send_steps(const std::string& agent, int count, int from = 0, const std::string& team = {}) const;

  memory_client actors;
  std::string admin_key, ingest_key, read_key;
  std::unique_ptr<http::edge> edge;
};

inline boost::json::value json_of(const std::string& text) { return boost::json::parse(text); }

// Asks again until it holds; false when ten seconds are over.
bool until(const std::function<bool()>& holds);

}  // namespace troupe::testing
