// A whole request, as handlers see it. Owned by the exchange; read-only for everyone but its session.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server/load_gate.hpp"
#include "http/server/memory_budget.hpp"
#include "http/server/principal.hpp"
#include "http/server/target.hpp"

namespace troupe::http {

enum class verb : std::uint8_t { get, head, post, put, patch, erase, options, other };
std::string_view to_string(verb v);

// Which listener a connection came in by.
enum class surface : std::uint8_t { main, otlp };

struct request_head;  // the fields as Beast holds them: request_head.hpp

class request {
 public:
  request();
  ~request();
  request(const request&) = delete;
  request& operator=(const request&) = delete;

  verb method = verb::other;
  surface entry = surface::main;
  target where;
  std::vector<std::string> captures;  // what the pattern's {names} matched, in order
  std::string_view route = "(none)";  // the pattern, for counting
  std::string body;
  principal who;
  std::string request_id;
  std::string trace_parent;  // empty, or a valid traceparent with the trace of the client
  std::string remote;        // the client's address
  std::chrono::steady_clock::time_point began{};
  bool keep_alive = true;
  bool http_1_0 = false;
  load_ticket load;  // its place behind the gate, until the answer is known
  reservation held;  // of the memory budget, until the answer is written

  // The first field of that name, or nothing.
  std::optional<std::string_view> find(std::string_view field) const;
  std::string_view field(std::string_view name) const { return find(name).value_or(""); }
  std::optional<std::string_view> parameter(std::string_view name) const { return where.parameter(name); }

  std::unique_ptr<request_head> head;
};

using request_ptr = std::shared_ptr<request>;

}  // namespace troupe::http
